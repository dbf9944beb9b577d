"""Azure Resource Manager over HTTPS: cloud metadata, and the APIs that product code calls outside the engine."""
