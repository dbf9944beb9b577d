"""The emulated services. Each is `<name>/{models,api,errors}.py`: state, routes, Azure's own error texts."""
