"""Python environments built from published documents alone, so that a run sees what its cloud host would install."""
