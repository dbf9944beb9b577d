"""The table of all routes: what starts work on this platform, and what notes how it ended."""

from __future__ import annotations

from events.data_routes import Lake, Preparer, data_committed, dataset_failed
from events.release_routes import Releases, image_pushed
from events.routes import Route
from events.training_routes import Trainer, Workspace, features_registered, training_completed, training_failed


def routes(lake: Lake, preparer: Preparer, workspace: Workspace, trainer: Trainer, releases: Releases) -> tuple[Route, ...]:
    """All routes of the platform; what they don't take is counted as unrouted."""
    return (
        data_committed(lake, preparer),
        dataset_failed(),
        features_registered(trainer),
        training_completed(workspace),
        training_failed(workspace),
        image_pushed(releases),
    )
