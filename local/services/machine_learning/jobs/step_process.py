"""Runs one step's command on hold; standard library only, started with no site packages.

Arguments: the attempt's folder, the command line. Starts when it reads a line, so that no process works before the service
has noted it. Writes `outcome.json` into the folder as its last act; a process without one was killed.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

KIBIBYTE = 1024


def main() -> None:
    """Run the command by bash, as Azure ML does on Linux."""
    folder, command = Path(sys.argv[1]), sys.argv[2]
    if sys.stdin.readline() != "start\n":
        return
    (folder / "began").touch()
    code = subprocess.run(["/bin/bash", "-c", command], stdin=subprocess.DEVNULL, check=False).returncode
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else KIBIBYTE)
    draft = folder / "outcome.draft"
    draft.write_text(json.dumps({"exit_code": code, "peak_bytes": peak}))
    draft.replace(folder / "outcome.json")


if __name__ == "__main__":
    main()
