"""MLflow tracking, artifacts and model registry of a workspace, as the `azureml://` plugin calls them."""
