"""The data plane of key vaults, as far as certificates need it."""
