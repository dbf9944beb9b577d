"""Builds an image of the files in a folder, as a process of its own: `python -m tests.flow.push_image FOLDER TAG REGISTRY_ID LABELS`."""

import json
import os
import sys
from pathlib import Path

from azure.identity import DefaultAzureCredential

from contracts.names import SCORING
from images.acr_tasks import AcrTasks
from images.builder import Order
from images.cloud import manager
from images.context import Context


def main() -> None:
    """Print the digest."""
    folder, tag, registry_id, labels = sys.argv[1:]
    root = Path(folder)
    files = {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}
    order = Order(repository=SCORING, tag=tag, context=Context(files=files), labels=json.loads(labels))
    with DefaultAzureCredential() as credential:
        sys.stdout.write(AcrTasks(registry_id, credential, manager(os.environ)).build(order).digest)


if __name__ == "__main__":
    main()
