"""The container registry: images by the OCI distribution protocol, built by ACR Tasks, pulled by containers."""
