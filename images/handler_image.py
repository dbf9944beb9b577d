"""The event handler's image: its sources and locked packages; its tag is their hash."""

from __future__ import annotations

from pathlib import Path

from contracts.images import Label
from contracts.names import HANDLER
from images.builder import Order
from images.context import DOCKERFILE, REQUIREMENTS, Context, read, sources

GROUP = "events"
"""Dependency group of the image."""
DOCKERFILE_SOURCE = "events/Dockerfile"
SOURCES = ("contracts", "events")
DIGITS = 16
"""Of the hash, in the tag."""


def order(root: Path, requirements: bytes) -> Order:
    """The order of an image of the sources below `root` with these exact `requirements`; equal content has an equal tag.

    Raises:
        ContextIncompleteError: when a file of it is missing.
    """
    files = {DOCKERFILE: read(root / DOCKERFILE_SOURCE), REQUIREMENTS: requirements, **sources(root, SOURCES)}
    context = Context(files=files)
    return Order(repository=HANDLER, tag=context.digest[:DIGITS], context=context, labels={Label.REVISION: context.digest})
