"""Sales from a file to bronze, from bronze to silver, and the Databricks job that does it."""

JOB = "prepare-dataset"
"""Name of the job, by which the event handler starts it."""
