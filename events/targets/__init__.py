"""The services that routes start work in; each makes a repeated call with one token a single effect."""
