"""`make publish`: jobs, pipeline and handler of this work tree published to a stack that stands, with what that changes."""

from __future__ import annotations

import sys

from contracts.errors import FourPartError
from local.engine.build import ensure_engine
from local.flow.options import Options
from local.flow.platform import outputs_of
from local.flow.publishing import publish
from local.lifecycle import start
from local.progress import Progress
from local.services.cloud import Cloud


class StackAbsentError(FourPartError):
    """There is no stack to publish to."""


def republish(options: Options) -> int:
    """Publish, and print one line for each change."""
    require_stack(options)
    progress = Progress()
    engine = ensure_engine(progress)
    with progress.step("services") as step:
        start(options.state, step)
    cloud = Cloud.open(options.state)
    outputs = outputs_of(engine, cloud, options.stack)
    with progress.step("publish") as step:
        made = publish(cloud, outputs, options.stack, step)
    for publication in made:
        sys.stdout.write(f"{publication.line}\n")
        sys.stdout.writelines(f"  {change}\n" for change in publication.changes)
    return 0


def require_stack(options: Options) -> None:
    """Go on only with a stack that stands on this machine.

    Raises:
        StackAbsentError: when there is none.
    """
    if not options.state.exists():
        raise StackAbsentError(
            "There is no such stack on this machine.",
            given=options.stack,
            allowed="a stack that `make up` made",
            remedy=f"make up STACK={options.stack}",
        )
