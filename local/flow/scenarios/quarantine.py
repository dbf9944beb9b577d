"""What silver's quarantine holds of one file: `python -m local.flow.scenarios.quarantine FILE_NAME OUT` writes it as CSV."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from contracts.errors import FourPartError
from data_ops.schema import INGEST_TS, REQUIRED, SEQ, SOURCE_FILE
from data_ops.storage import locate, table
from data_ops.summary import QUARANTINE


def main() -> int:
    """Write the rows that arrived last under this name, and print how many there are by reason."""
    name, out = sys.argv[1], Path(sys.argv[2])
    try:
        held = table(locate(QUARANTINE)).to_pyarrow_dataset().to_table(filter=pc.field(SOURCE_FILE) == name)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    newest = max(held[INGEST_TS].to_pylist())
    mine = held.filter(pc.field(INGEST_TS) == newest).sort_by(SEQ).select([SEQ, *REQUIRED, "reason", "meaning"])
    pa_csv.write_csv(mine, out)
    sys.stdout.write(json.dumps(Counter(mine["reason"].to_pylist())) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
