"""The managed identity endpoint of a host, in App Service's form."""
