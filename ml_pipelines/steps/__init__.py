"""The steps of the training pipeline, each a process: `python -m ml_pipelines.steps.<name>`."""
