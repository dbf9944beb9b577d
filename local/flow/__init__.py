"""`make up` and `make down`: the platform stood up, data ingested once, then only watched."""
