"""Installs uv and the locked dependencies; standard library only, and readable by any Python 3, to name a wrong one."""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UV_VERSION = "0.13.9"
WANTED = (3, 12)
INPUTS = ("uv.lock", "pyproject.toml", "local/pyproject.toml", ".python-version")


def main():
    """Bring `.uv` and `.venv` in step with the lock file; a second run finds the stamp and does nothing."""
    if sys.version_info[:2] != WANTED:
        run_with_the_wanted_python()
    wanted = fingerprint()
    stamp = os.path.join(ROOT, ".venv", ".synced")
    if read(stamp) == wanted:
        return
    uv = os.path.join(ROOT, ".uv", "bin", "uv")
    if not works([uv, "--version"]):
        say("uv %s (about 10 s)" % UV_VERSION)
        call([sys.executable, "-m", "venv", "--clear", os.path.join(ROOT, ".uv")])
        call([uv[:-2] + "pip", "install", "--quiet", "--disable-pip-version-check", "uv==" + UV_VERSION])
    say("locked dependencies (1-2 min the first time)")
    call([uv, "sync", "--locked", "--quiet", "--python", sys.executable])
    with open(stamp, "w") as file:
        file.write(wanted)


def run_with_the_wanted_python():
    """Go on with `python3.12` where there is one; else say what is wrong in four parts."""
    other = shutil.which("python3.12")
    if other and works([other, "-c", "pass"]):
        os.execv(other, [other, os.path.abspath(__file__)])  # noqa: S606 - no shell is wanted
    sys.exit(
        "This Python is not the one that the repository is written for.\n"
        "  given:   %s (%s)\n"
        "  allowed: Python 3.12\n"
        "  do:      Install Python 3.12 (pyenv install 3.12, or your system's python3.12 with venv) and run again,\n"
        "           or name it: make up PYTHON=/path/to/python3.12" % (sys.version.split()[0], sys.executable)
    )


def fingerprint():
    """Return a hash of all that decides what is installed, and of where."""
    digest = hashlib.sha256((UV_VERSION + ROOT).encode())
    for name in INPUTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def read(path):
    """Return a file's text, or nothing where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def works(command):
    """Whether a command can be run and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def call(command):
    """Run a step of the installation; its own output says why it failed."""
    code = subprocess.run(command, cwd=ROOT, env=dict(os.environ, UV_PYTHON_DOWNLOADS="never"), check=False).returncode
    if code != 0:
        sys.exit(
            "A step of the installation failed.\n"
            "  given:   %s (exit code %s)\n"
            "  allowed: exit code 0\n"
            "  do:      Read its message above; with a package index in reach, run the same make command again: it resumes."
            % (" ".join(command), code)
        )


def say(text):
    """Show what is being installed."""
    sys.stderr.write("setup: %s\n" % text)
    sys.stderr.flush()


if __name__ == "__main__":
    main()
