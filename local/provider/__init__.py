"""The engine's resource provider of the local cloud: creating a resource makes it exist for all services."""
