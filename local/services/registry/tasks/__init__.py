"""ACR Tasks: builds an image from an uploaded context, and pushes it to the registry."""
