"""Container images: what goes into them, and how Azure Container Registry builds them."""
