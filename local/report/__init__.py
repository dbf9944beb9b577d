"""The run report: one static page of what `make up` did, and the record of all events it is drawn from."""
