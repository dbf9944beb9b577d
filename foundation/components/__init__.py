"""One component for each part of the foundation; each declares its resources and reads no configuration."""
