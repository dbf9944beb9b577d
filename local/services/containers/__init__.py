"""Hosts of containers: pods of the cluster and container groups run as processes from their images."""
