"""Step `prepare`: the features of one data version become a panel of series by periods."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from contracts.errors import FourPartError
from contracts.events import DataVersion
from data_ops.storage import commit_info, rows, table
from data_ops.summary import SUMMARY, Summary
from ml_pipelines.forecasting.horizons import defaults, origins
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.login import storage_login
from ml_pipelines.steps.prepared import Facts, Prepared
from ml_pipelines.steps.step import arguments, run


class FeaturesUnknownError(FourPartError):
    """A table version that the job `prepare-dataset` did not write."""


def prepare(given: argparse.Namespace) -> dict[str, Any]:
    """Read the table at its version, and write the folder `prepared`.

    Raises:
        TableMissingError: when there is no such table or version.
        FeaturesUnknownError: when its commit says nothing about frequency and content.
    """
    storage_login(given.features)
    opened = table(given.features, given.delta_version)
    summary = _summary(given.features, commit_info(given.features, given.delta_version))
    panel = Panel.of_features(rows(opened), frequency=summary.frequency, season=summary.season)
    horizon, gap = defaults(summary.frequency, summary.season)
    facts = Facts(
        data_version=str(data_version(given.features, given.delta_version)),
        content_hash=summary.content_hash,
        horizon=given.horizon or horizon,
        gap=gap if given.gap is None else given.gap,
    )
    facts = replace(facts, origins=origins(panel.periods, facts.horizon, facts.gap))
    Prepared(panel=panel, facts=facts).save(given.prepared)
    series, periods = panel.y.shape
    return {**vars(facts), "series": series, "periods": periods, "frequency": summary.frequency, "season": summary.season}


def data_version(url: str, version: int) -> DataVersion:
    """The data version `container/table@version` of a table's `abfss://container@account/table` URL, or of a plain path."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    name = f"{parts.username}/{path}" if parts.scheme and parts.username else "/".join(path.split("/")[-2:])
    return DataVersion(table=name, version=version)


def _summary(url: str, commit: Mapping[str, Any]) -> Summary:
    if SUMMARY in commit:
        return Summary.of(commit[SUMMARY])
    raise FeaturesUnknownError(
        "The commit of this table version does not say what was prepared.",
        given=f"{url}, version {commit.get('version')}, {commit.get('operation', 'no operation')}",
        allowed="a version of silver/features that the job prepare-dataset committed",
        remedy="Pass the version that `mlops.features.registered` named.",
    )


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    parser = arguments("prepare", folders=("prepared",), texts=("features",))
    parser.add_argument("--delta-version", type=int, required=True)
    parser.add_argument("--horizon", type=int)
    parser.add_argument("--gap", type=int)
    return run(prepare, parser, words)


if __name__ == "__main__":
    sys.exit(main())
