"""The data that arrives: the generated panel, a real one from an installed package, or the user's own file or folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contracts.events import DataVersion
from contracts.names import BRONZE
from contracts.outputs import PlatformOutputs
from local.flow.commands import data_ops
from local.flow.options import Options
from local.progress import Step
from local.services.cloud import Cloud
from local.tokens import DEPLOYER

GENERATE, GENERATED = "generate", "generated"


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One ingested file: the bronze version that holds it, and whether it was there already."""

    file: Path
    version: DataVersion
    rows: int
    repeated: bool


def ingest(cloud: Cloud, outputs: PlatformOutputs, options: Options, step: Step) -> Arrival:
    """Make or find the file and ingest it as the ingest identity: the one thing the flow does to the lake."""
    file = _file(cloud, options, step)
    step.detail = f"ingesting {file.name}"
    arguments = ["ingest", str(file), *options.reading]
    answer = data_ops(
        cloud,
        arguments,
        identity=outputs.identities["ingest"]["name"],
        account=outputs.lake_account,
        extra=outputs.environment("ingest"),
    )
    version = DataVersion(table=f"{BRONZE}/{answer['table'].removeprefix(BRONZE + '/')}", version=int(answer["version"]))
    step.detail = f"{answer['rows']:,} rows of {file.name} are {version}" + (
        " (ingested before)" if answer["already_there"] else ""
    )
    return Arrival(file=file, version=version, rows=int(answer["rows"]), repeated=bool(answer["already_there"]))


def _file(cloud: Cloud, options: Options, step: Step) -> Path:
    if options.own_data:
        return Path(options.data).absolute()
    verb = options.data or GENERATE
    made = cloud.state / "data" / f"{options.data or GENERATED}.parquet"
    if not made.exists():
        step.detail = f"making {made.name}"
        made.parent.mkdir(parents=True, exist_ok=True)
        draft = made.with_name(f"draft-{made.name}")
        truth = ["--truth", str(truth_file(cloud))] if verb == GENERATE else []
        data_ops(cloud, [verb, str(draft), *truth], identity=DEPLOYER)
        draft.replace(made)
    return made


def truth_file(cloud: Cloud) -> Path:
    """Return where the means are kept that the generated sales were drawn from."""
    return cloud.state / "data" / "truth.parquet"
