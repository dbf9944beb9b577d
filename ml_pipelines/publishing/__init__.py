"""Publishes the training pipeline to Azure ML: documents by content hash, then the switch; not part of what steps run."""
