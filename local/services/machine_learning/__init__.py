"""Azure Machine Learning behind Resource Manager: documents, jobs, run history, MLflow tracking and registry."""
