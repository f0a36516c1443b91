"""The `assize` command as a process of its own, over the runc engine and a home of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ASSIZE = (sys.executable, "-c", "from assize.cli.main import run; run()")
PATIENCE_SECONDS = 60
"""Only a test that fails waits this long."""


def private_home(folder: Path, home: Path) -> Path:
    """Return a home with the images of another, so that no other service cleans up in it."""
    made = folder / "home"
    made.mkdir()
    (made / "images").symlink_to(home / "images")
    return made


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a command that uses the home."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ASSIZE_")}
    return ours | {"ASSIZE_HOME": str(home), "ASSIZE_ENGINE": "runc"} | variables


@contextmanager
def started(
    home: Path, *words: str, program: tuple[str, ...] = ASSIZE, **variables: str
) -> Iterator["subprocess.Popen[str]"]:
    """Start a command in a session of its own, and end it whatever happens."""
    process = subprocess.Popen(
        [*program, *words],
        env=environment(home, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ran(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with started(home, *words, program=ASSIZE, **variables) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def read_until(process: "subprocess.Popen[str]", word: str) -> str:
    """Return what the process says on standard error up to the line with the word."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if word in line:
            return said
    raise AssertionError(f"the process ended before it said {word!r}:\n{said}")


def containers(home: Path) -> set[str]:
    """Return the containers of a home that have anything left on this host."""
    bundles = {file.parent.name for file in (home / "runc-bundles").glob("*/owner")}
    states = {folder.name for folder in (home / "runc").glob("*")}
    return bundles | states
