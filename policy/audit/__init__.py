"""What the policies say of an exported state, for people and for machines: `python -m policy.audit`."""
