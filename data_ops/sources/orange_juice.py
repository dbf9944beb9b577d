"""Real weekly sales: refrigerated orange juice of 83 Dominick's stores and 11 brands, 1990 to 1992, with gaps.

The data set is `orangeJuice` of the R package bayesm (Rossi, Allenby and McCulloch 2005), read from Debian's package
`r-cran-bayesm` without R. It is fetched on the user's machine and never shipped.
"""

from __future__ import annotations

import subprocess
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import rdata

from contracts.errors import FourPartError

PACKAGE = "r-cran-bayesm"
INSIDE = Path("usr/lib/R/site-library/bayesm/data/orangeJuice.rda")
WEEK_ONE = date(1989, 9, 14)
"""Thursday on which week 1 of the store data begins (Dominick's Data Manual, Kilts Center, week decode table)."""


class OrangeJuiceMissingError(FourPartError):
    """The data set is neither on this machine nor to be had from apt."""


def fetch_orange_juice(cache: Path) -> Path:
    """The data file: the installed package's, or one taken once from Debian's archive into `cache`.

    Raises:
        OrangeJuiceMissingError: when there is no package and apt or dpkg-deb does not give it.
    """
    places = (Path("/") / INSIDE, cache / INSIDE.name)
    found = next((place for place in places if place.is_file()), None)
    return found or _unpack(cache / INSIDE.name)


def orange_juice(file: Path) -> pa.Table:
    """Columns date (the week's Thursday), store, item (brand), sales (units), price (of the brand), deal, feat."""
    frame = rdata.read_rda(file)["orangeJuice"]["yx"]
    brand = frame["brand"].to_numpy(dtype=np.int32)
    prices = np.column_stack([frame[f"price{index}"].to_numpy(dtype=np.float64) for index in range(1, 12)])
    weeks = frame["week"].to_numpy(dtype=np.int64) - 1
    return pa.table(
        {
            "date": np.datetime64(WEEK_ONE, "D") + (7 * weeks).astype("timedelta64[D]"),
            "store": frame["store"].to_numpy(dtype=np.int32),
            "item": brand,
            "sales": np.rint(np.exp(frame["logmove"].to_numpy(dtype=np.float64))).astype(np.int64),
            "price": prices[np.arange(len(brand)), brand - 1],
            "deal": frame["deal"].to_numpy(dtype=np.int32),
            "feat": frame["feat"].to_numpy(dtype=np.float64),
        }
    )


def _unpack(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as directory:
        _download(directory)
        archive = next(Path(directory).glob(f"{PACKAGE}*.deb"), None)
        if archive is None:
            raise _missing(f"`apt-get download {PACKAGE}` left no file")
        _run("dpkg-deb", "-x", archive.name, "x", within=directory)
        (Path(directory) / "x" / INSIDE).replace(target)
    return target


def _download(directory: str) -> None:
    """Download by the machine's package lists, or, where they are missing or old, by lists of our own, which need no root."""
    try:
        _run("apt-get", "-q", "download", PACKAGE, within=directory)
    except OrangeJuiceMissingError:
        for folder in ("lists/partial", "archives/partial"):
            (Path(directory) / folder).mkdir(parents=True)
        own = ("-o", f"Dir::State::Lists={directory}/lists", "-o", f"Dir::Cache={directory}", "-o", "Debug::NoLocking=1")
        _run("apt-get", "-q", *own, "update", within=directory)
        _run("apt-get", "-q", *own, "download", PACKAGE, within=directory)


def _run(*command: str, within: str) -> None:
    try:
        subprocess.run(command, cwd=within, check=True, capture_output=True, text=True, timeout=120)  # noqa: S603 - fixed words
    except FileNotFoundError as error:
        raise _missing(f"no `{command[0]}` on this machine") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = " ".join(str(error.stderr or error).split())[-300:]
        raise _missing(f"`{' '.join(command)}`: {told}") from error


def _missing(given: str) -> OrangeJuiceMissingError:
    return OrangeJuiceMissingError(
        "The orange juice data are not on this machine and can't be fetched.",
        given=given,
        allowed=f"the Debian package {PACKAGE}, installed or within reach of apt",
        remedy=f"Run `apt-get update`, or `apt-get install {PACKAGE}`; or use another DATA.",
    )
