"""The handler's image: replaced, found in place, or put back; and what the command refuses before it does anything."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import override

import pytest
from azure.core.credentials import AccessToken

from contracts.names import HANDLER
from deployment.pulumi_stack import EngineFailedError
from rollout.__main__ import main
from rollout.digests import Digests
from rollout.engine import URLS, Standing
from rollout.handler import release_handler
from rollout.images import ImageMissingError, Images
from rollout.journal import Journal

OLD, NEW = ("sha256:" + letter * 64 for letter in "ab")
LIVE = Digests(blue="x", active="blue", handler=OLD)


class NoLogin:
    """Nobody is asked for a token."""

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        raise AssertionError(scopes)


@dataclass(frozen=True, kw_only=True)
class Shelf(Images):
    """A registry that holds these handler images."""

    held: tuple[str, ...] = (OLD, NEW)

    @override
    def labels(self, repository: str, digest: str) -> dict[str, str]:
        if (repository, digest) not in {(HANDLER, item) for item in self.held}:
            raise ImageMissingError("The registry has no such image.", given=digest, allowed="-", remedy="-")
        return {}


@dataclass
class Cluster:
    """A release stack on which some images do not start."""

    digests: Digests = LIVE
    broken: tuple[str, ...] = ()
    applied: list[Digests] = field(default_factory=list)

    def standing(self) -> Standing:
        return Standing(digests=self.digests, urls=dict.fromkeys(URLS, ""))

    def apply(self, digests: Digests) -> Standing:
        self.applied.append(digests)
        if digests.handler in self.broken:
            raise EngineFailedError("It did not get ready.", given="0 of 1 replicas", allowed="-", remedy="-")
        self.digests = digests
        return self.standing()


SHELF = Shelf(login_server="registry", credential=NoLogin())


def test_the_handler_is_replaced_and_nothing_else_changes():
    cluster = Cluster()
    assert release_handler(NEW, cluster, SHELF, Journal(stream=io.StringIO())).decision == "released"
    assert cluster.digests == replace(LIVE, handler=NEW)


def test_the_handler_that_runs_is_left_alone():
    cluster = Cluster()
    assert release_handler(OLD, cluster, SHELF, Journal(stream=io.StringIO())).decision == "unchanged"
    assert not cluster.applied


def test_a_handler_that_does_not_start_gives_way_to_the_one_before():
    cluster, said = Cluster(broken=(NEW,)), io.StringIO()
    result = release_handler(NEW, cluster, SHELF, Journal(stream=said))
    assert (result.decision, cluster.digests) == ("rejected", LIVE)
    assert "0 of 1 replicas" in result.reason
    assert [line.split()[1:3] for line in said.getvalue().splitlines()] == [
        ["inspect", "done"],
        ["handler-up", "failed"],
        ["return", "done"],
    ]


def test_an_image_that_is_not_there_is_refused_before_anything():
    cluster = Cluster()
    with pytest.raises(ImageMissingError):
        release_handler("sha256:" + "f" * 64, cluster, SHELF, Journal(stream=io.StringIO()))
    assert not cluster.applied


@pytest.mark.parametrize("digest", ["", "latest", "sha256:abc", OLD.upper(), OLD + " "])
def test_the_command_refuses_a_text_that_names_no_image(digest, capsys):
    assert main(["scoring", "--stack", "dev", "--digest", digest]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "sha256: and 64 hexadecimal digits" in said.err


def test_the_command_refuses_a_stack_without_a_file(capsys):
    assert main(["scoring", "--stack", "no-such-stack", "--digest", OLD]) == 2
    assert "allowed: dev, prod" in capsys.readouterr().err
