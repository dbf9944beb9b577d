"""What is published to a workspace: environments, components, code, data, batch endpoints and their deployments."""
