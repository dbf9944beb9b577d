"""The Pulumi engine on one machine: found or built, given a Python language host, run against the local cloud, recovered."""
