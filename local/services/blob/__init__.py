"""Azure Blob Storage, the blob endpoint, path style: /ACCOUNT/CONTAINER/BLOB."""
