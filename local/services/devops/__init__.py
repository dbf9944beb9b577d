"""Azure DevOps of the local cloud: one pipeline, `release`, whose runs one agent carries out in turn."""
