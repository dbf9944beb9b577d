"""What has to be there before the platform, declared with Pulumi: state, key, login, and the projects on Azure DevOps."""
