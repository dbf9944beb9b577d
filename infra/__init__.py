"""The platform program: one Pulumi project, one stack per environment; stacks differ in YAML only."""
