"""The model gate: decides from arrays alone whether a trained model takes the place of the registered one."""
