"""Pipeline jobs: taken by Resource Manager, run from the published documents as processes, shown by run history."""
