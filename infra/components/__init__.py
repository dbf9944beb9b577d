"""One component per capability; each declares its resources, says what it offers, and reads no configuration."""
