"""Where sales come from: people's files, a generated panel, a public data set."""
