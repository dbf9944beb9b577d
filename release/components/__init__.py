"""One component for each part of the release; each declares its resources and reads no configuration."""
