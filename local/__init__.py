"""Azure on one machine: engine, provider, services and the loop's runner. Product packages never import it."""
