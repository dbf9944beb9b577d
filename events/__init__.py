"""Events of the platform: envelope, publishers, routes, and the durable handler that turns each into work once."""
