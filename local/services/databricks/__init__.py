"""The Databricks workspace: Jobs API 2.2 and the Files API of volumes; runs the uploaded wheels in their own environment."""
