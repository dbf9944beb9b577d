"""`python -m lineage --stack STACK --store S --item I [--ds D]`, or `--answer FILE`: why a series got its number.

Exit codes: 0 the chain is whole, 1 a link is broken, 2 nothing to explain, or no way to ask.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential
from mlflow.exceptions import MlflowException

from contracts.errors import FourPartError
from contracts.names import SCORING
from contracts.outputs import PlatformOutputs
from lineage.answer import Answer
from lineage.chain import Sources, chain
from lineage.lake import Arrival, Preparation
from lineage.link import Link
from lineage.text import headline, line
from ml_pipelines.login import storage_login
from rollout.certificate import Address, Certificates
from rollout.engine import ReleaseStack, Standing
from rollout.images import Images
from rollout.models import Models
from rollout.service import Service

BROKEN, NOTHING = 1, 2


class QuestionRefusedError(FourPartError):
    """It can't be told which row is meant."""


class LookRefusedError(FourPartError):
    """A service of the platform does not let this login look."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the chain of one answer, link by link."""
    given = _parser().parse_args(arguments)
    try:
        return _explain(given)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
    except (AzureError, MlflowException) as error:
        sys.stderr.write(f"{_refused(error)}\n")
    return NOTHING


def _explain(given: argparse.Namespace) -> int:
    if bool(given.answer) == bool(given.store and given.item):
        raise QuestionRefusedError(
            "It can't be told which forecast is meant.",
            given=f"store {given.store!r}, item {given.item!r}, answer {given.answer!r}",
            allowed="a store and an item, or the file of a kept answer",
            remedy="make lineage STORE=7 ITEM=12, with DS=YYYY-MM-DD for one period; or make lineage ANSWER=FILE.",
        )
    stack = ReleaseStack(stack=given.stack)
    platform, standing = stack.platform(), stack.found()
    with DefaultAzureCredential() as credential:
        answer = _kept(Path(given.answer)) if given.answer else _asked(given, stack, platform, standing, credential)
        answer = answer.at(given.ds) if given.ds else answer
        storage_login(platform.silver_url)
        images = Images(login_server=platform.registry_login_server, credential=credential)
        links = list(chain(answer, _sources(platform, standing, images)))
    return _tell(answer, links, as_json=given.json)


def _asked(
    given: argparse.Namespace,
    stack: ReleaseStack,
    platform: PlatformOutputs,
    standing: Standing,
    credential: DefaultAzureCredential,
) -> Answer:
    """What production answers; the person's own login reads whom to trust."""
    certificates = Certificates(vault_url=platform.key_vault_uri, credential=credential)
    url = standing.urls["production_url"]
    if not url:
        raise QuestionRefusedError(
            "Nothing is in production.",
            given=f"the release stack {stack.stack} without an active slot",
            allowed="a stack to which an image was released",
            remedy="Release one (`make release DIGEST=...`), or name a kept answer: ANSWER=FILE.",
        )
    return Answer.asked(
        Service(url=url, proof=certificates.standing(Address.of(stack.section("address")))), given.store, given.item
    )


def _refused(error: Exception) -> LookRefusedError:
    return LookRefusedError(
        "A service of the platform does not let this login look.",
        given=" ".join(str(error).split())[:300],
        allowed="a login with AcrPull on the registry, AzureML Data Scientist on the workspace, Storage Blob Data Reader on the lake",
        remedy="Run `az login`, or have the role given; infra/roles.py and foundation/rights.py name who has which.",
    )


def _kept(file: Path) -> Answer:
    try:
        return Answer.kept(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionRefusedError(
            "The kept answer can't be read.",
            given=f"{file}: {error}",
            allowed="a text file that holds one answer as JSON",
            remedy="Name another file, or ask production: STORE=7 ITEM=12.",
        ) from error


def _sources(platform: PlatformOutputs, standing: Standing, images: Images) -> Sources:
    return Sources(
        standing=standing,
        built=lambda digest: images.built(SCORING, digest),
        models=Models(tracking_uri=platform.mlflow_tracking_uri),
        prepared=lambda version: Preparation.of(platform.silver_url, version),
        arrived=lambda version: Arrival.of(platform.bronze_url, version),
    )


def _tell(answer: Answer, links: Sequence[Link], *, as_json: bool) -> int:
    if as_json:
        told = {"answer": asdict(answer), "links": [asdict(link) for link in links]}
        sys.stdout.write(json.dumps(told, sort_keys=True) + "\n")
    else:
        sys.stdout.write("\n".join([headline(answer), *map(line, links)]) + "\n")
    return BROKEN if any(link.broken for link in links) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lineage", description="Tells where a forecast comes from.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--store", default="")
    parser.add_argument("--item", default="")
    parser.add_argument("--ds", default="", help="start of the one period that is meant; all of them without it")
    parser.add_argument("--answer", default="", help="file with an answer of the service, or with one line of its log")
    parser.add_argument("--json", action="store_true", help="answer and links as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
