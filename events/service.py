"""The command `event-handler`: runs the handler, drives an effect again, or shows the heartbeat."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing

from azure.identity import DefaultAzureCredential
from confluent_kafka import KafkaException

from contracts.errors import FourPartError
from events import logs, status
from events.data_routes import Lake
from events.dispatcher import RetryPolicy
from events.handler import Handler
from events.inbox import Inbox
from events.redrive import redrive
from events.release_routes import Releases
from events.settings import Settings, state_directory
from events.table import routes
from events.targets.azure_devops import AzureDevOps
from events.targets.databricks import Databricks
from events.targets.machine_learning import MachineLearning
from events.targets.registry import Registry
from events.training_routes import Workspace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did its work, 1 when the handler can't go on, 2 for a fault of settings or arguments."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "redrive":
            return _redrive(os.environ, given.route, given.effect_key)
        if given.command == "status":
            return status.main([str(state_directory(os.environ))])
        return serve(os.environ)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def serve(environment: Mapping[str, str]) -> int:
    """Handle events until SIGTERM or SIGINT; 1 when the bus ended it.

    Raises:
        SettingError: when the environment can't be used.
        StateHeldError: when another handler works on the same state directory.
    """
    logs.start()
    settings = Settings.from_environment(environment)
    lake = Lake(bronze_url=settings.bronze_url, arm_id=settings.lake_id)
    workspace = Workspace(arm_id=settings.places.workspace_id, attempts=settings.attempts)
    with (
        DefaultAzureCredential() as credential,
        closing(Databricks(settings.databricks_host, credential)) as databricks,
        closing(MachineLearning(settings.places, credential)) as machine_learning,
        closing(Registry(settings.registry, credential)) as registry,
        closing(AzureDevOps(settings.project_url, credential)) as azure_devops,
    ):
        releases = Releases(
            registry_id=settings.places.registry_id, images=registry, models=machine_learning, releaser=azure_devops
        )
        table = routes(lake, databricks, workspace, machine_learning, releases)
        handler = Handler(settings, table, RetryPolicy(tries=settings.tries))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: handler.stop())
        try:
            handler.run()
        except KafkaException as error:
            logs.record("end", level=logs.ERROR, error=error)
            return 1
    logs.record("stopped", handler=settings.handler_id)
    return 0


def _redrive(environment: Mapping[str, str], route: str, effect_key: str) -> int:
    inbox = Inbox(state_directory(environment), durable=True)
    try:
        attempt = redrive(inbox, route, effect_key)
    finally:
        inbox.close()
    sys.stdout.write(f"{route} {effect_key}: attempt {attempt} waits for the handler\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="event-handler", description="Turns events of the platform into work, once each.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="handle events until SIGTERM (the default)")
    commands.add_parser("status", help="print the heartbeat; exit 1 when it is not fresh")
    again = commands.add_parser("redrive", help="give an effect that ended a new attempt")
    again.add_argument("route", metavar="ROUTE")
    again.add_argument("effect_key", metavar="EFFECT_KEY")
    return parser


if __name__ == "__main__":
    sys.exit(main())
