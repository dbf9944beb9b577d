"""Preparing a panel: the job step against the same work in one raw SQL script of DuckDB, each in a process of its own.

Run it with `python -m bench.prepare`. The anchor does what the step does with a daily panel whose season is known to be
7: checks, newest row per key, dense panel, calendar, features; it writes Parquet files where the step commits to Delta.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from contracts.events import DataVersion
from data_ops import calendar_table
from data_ops.frequency import DAY, Frequency
from data_ops.ingest import ingest
from data_ops.sources.generated import generate, write
from data_ops.storage import rows, table

LAGS, WINDOWS = (1, 7, 14, 28), (7, 28)

JUDGED = """
create table judged as
with parsed as (
  select *, store || '_' || item as unique_id, try_cast(trim(date) as timestamp) as ds, try_cast(trim(sales) as double) as y from bronze),
broken as (
  select *, case
    when ds is null then 'bad_date' when ds < timestamp '1970-01-01' then 'early_date'
    when ds > _ingest_ts + interval 1 day then 'future_date'
    when coalesce(trim(store), '') = '' or coalesce(trim(item), '') = '' then 'missing_key'
    when y is null or isnan(y) or isinf(y) then 'bad_sales' when y < 0 then 'negative_sales' end as broke
  from parsed),
in_file as (
  select *, row_number() over (k order by _seq desc) as n, max(y) over k <> min(y) over k as differ
  from broken window k as (partition by _batch_id, store, item, ds, broke is null)),
named as (
  select *, case when broke is null and n > 1 then case when differ then 'duplicate_key' else 'repeated_row' end else broke end as why
  from in_file),
refused as (
  select _batch_id from named group by 1
  having count(*) filter (why is not null and why <> 'repeated_row') > 0.05 * count(*)),
told as (
  select *, case when why is null and _batch_id in (from refused) then 'batch_refused' else why end as reason from named)
select * exclude (reason, n), case when reason is null and row_number() over (
  partition by store, item, ds, reason is null order by _ingest_ts desc, _batch_id desc) > 1 then 'replaced' else reason end as reason
from told"""

PANEL = """
create table panel as
with kept as (select unique_id, ds, y, store, item, price, promo from judged where reason is null),
bounds as (select unique_id, store, item, min(ds) as low, max(ds) as high from kept group by all),
grid as (select b.unique_id, c.ds, b.store, b.item, c.period from bounds b join calendar c on c.ds between b.low and b.high)
select g.unique_id, g.ds, coalesce(k.y, 0) as y, k.y is null as imputed, g.store, g.item, g.period, k.price, k.promo
from grid g left join kept k on g.unique_id = k.unique_id and g.ds = k.ds order by 1, 2"""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One side's wall and CPU seconds and peak resident memory, whole process."""

    side: str
    rows: int
    wall: float
    cpu: float
    megabytes: float


def features_sql() -> str:
    """The anchor's features, over the same lags and windows as the step's for season 7."""
    lags = ", ".join(f"lag(seen, {lag}) over s as lag_{lag}" for lag in LAGS)
    rolled = ", ".join(
        f"{call}(seen) over (s rows between {size} preceding and 1 preceding) as {name}_{size}"
        for size in WINDOWS
        for name, call in (("mean", "avg"), ("std", "stddev_samp"))
    )
    return f"""
    select p.unique_id, p.ds, p.y, p.imputed, p.store, p.item, p.period, {lags}, {rolled}, c.* exclude (period, ds), p.price, p.promo
    from (select *, case when imputed then null else y end as seen from panel) p join calendar c on p.period = c.period
    window s as (partition by p.unique_id order by p.ds)"""  # noqa: S608 - numbers of our own


def anchor(bronze: str, version: int, out: Path) -> duckdb.DuckDBPyConnection:
    """Do the work in raw SQL; the connection holds `judged`, `calendar`, `panel`, and `out` the files."""
    connection = duckdb.connect(out / "work.duckdb", config={"memory_limit": "1500MB"})
    _take(connection, "bronze", rows(table(bronze, version)))
    connection.execute(JUDGED)
    first, last = connection.execute("select min(ds), max(ds) from judged where reason is null").fetchall()[0]
    built = calendar_table.build(Frequency(seconds=DAY), calendar_table.utc(first), calendar_table.utc(last))
    _take(connection, "calendar", built.to_reader())
    connection.execute(PANEL)
    for name, query in {
        "quarantine": "from judged where reason is not null and reason <> 'replaced'",
        "calendar": "from calendar",
        "panel": "from panel",
        "features": features_sql(),
    }.items():
        connection.execute(f"copy ({query}) to '{out / name}.parquet' (format parquet)")
    return connection


def _take(connection: duckdb.DuckDBPyConnection, name: str, reader: pa.RecordBatchReader) -> None:
    connection.register("arriving", reader)
    plain = [
        f"{field.name}::timestamp as {field.name}" if pa.types.is_timestamp(field.type) else field.name for field in reader.schema
    ]
    connection.execute(f"create table {name} as select {', '.join(plain)} from arriving")  # noqa: S608 - names of our own
    connection.unregister("arriving")


def main() -> None:
    """Generate, ingest, run both sides one after the other, print a table."""
    arguments = argparse.ArgumentParser(prog="bench.prepare")
    arguments.add_argument("--days", type=int, default=1826)
    arguments.add_argument("--side", choices=("ours", "anchor"))
    chosen = arguments.parse_args()
    if chosen.side:
        _side(chosen.side)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        environment = _lake(Path(directory), chosen.days)
        measures = [_measured(side, environment) for side in ("anchor", "ours")]
    base = measures[0]
    sys.stdout.write(f"{'prepare':10}{'rows':>10}{'wall s':>9}{'CPU s':>9}{'MB':>8}{'CPU ratio':>11}\n")
    for line in measures:
        ratio = line.cpu / base.cpu
        sys.stdout.write(f"{line.side:10}{line.rows:>10,}{line.wall:>9.1f}{line.cpu:>9.1f}{line.megabytes:>8.0f}{ratio:>11.2f}\n")


def _lake(directory: Path, days: int) -> dict[str, str]:
    places = {f"{name.upper()}_URL": str(directory / name) for name in ("bronze", "silver")}
    os.environ.update(places)
    for place in places.values():
        Path(place).mkdir()
    write(generate(days=days).sales, directory / "sales.parquet")
    ingest(directory / "sales.parquet")
    return {**os.environ, **places}


def _measured(side: str, environment: dict[str, str]) -> Measure:
    began = time.monotonic()
    command = [sys.executable, "-m", "bench.prepare", "--side", side]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 - this very module
    told = json.loads(done.stdout)
    return Measure(side=side, wall=time.monotonic() - began, **told)


def _side(side: str) -> None:
    if side == "ours":
        # The anchor does not pay for this import.
        from data_ops.prepare import prepare

        summary = prepare(DataVersion(table="bronze/sales", version=1))
        made = summary.rows_out if summary else 0
    else:
        with tempfile.TemporaryDirectory(prefix="anchor-") as directory:
            connection = anchor(f"{os.environ['BRONZE_URL']}/sales", 1, Path(directory))
            made = connection.execute("select count(*) from panel").fetchall()[0][0]
            connection.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.write(json.dumps({"rows": made, "cpu": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
