"""Runs one command on hold; standard library only, started with no site packages.

Arguments: the run's folder, the folder to work in, the command and its arguments. Starts when it reads a line, so that no
process works before the service has noted it. Writes `outcome.json` into the run's folder as its last act; a process
without one was killed.
"""

import json
import signal
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run the command, and live on through the interrupt that cancels it."""
    folder, work, *command = sys.argv[1:]
    if sys.stdin.readline() != "start\n":
        return
    # A signal that is caught here is back at its default in the command; one that is ignored would stay ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    Path(folder, "began").touch()
    code = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, check=False).returncode
    draft = Path(folder, "outcome.draft")
    draft.write_text(json.dumps({"exit_code": code}))
    draft.replace(Path(folder, "outcome.json"))


if __name__ == "__main__":
    main()
