"""Event Hubs: a Kafka broker of our own build, and its hubs as topics."""

from local.services.eventhubs import broker

__all__ = ["broker"]
