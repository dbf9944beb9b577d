"""Preflight: what would stop a deployment, asked of Azure before anything is touched."""
