"""Event Grid: system topics, event subscriptions, delivery to Event Hubs, dead letters."""
