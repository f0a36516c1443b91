"""A Docker daemon of the tests' own, where none runs."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assize_sandbox.docker_presence import daemon_answers

START_SECONDS = 90


@contextmanager
def docker_url(home: Path) -> Iterator[str | None]:
    """Give the URL of a daemon: the host's if one answers (None), else one that is ours."""
    if daemon_answers(None):
        yield None
        return
    if shutil.which("dockerd") is None:
        raise RuntimeError(
            "no Docker daemon answers and dockerd is not installed: run `make setup`"
        )
    with tempfile.TemporaryDirectory(prefix="assize-dockerd-") as folder:
        url = f"unix://{folder}/docker.sock"
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(command(url, Path(folder), home), stdout=log, stderr=log)
        try:
            wait_until_up(url, process, Path(folder) / "log")
            yield url
        finally:
            process.terminate()
            process.wait()


def command(url: str, folder: Path, home: Path) -> list[str]:
    """Return how the daemon is started: without any network of its own."""
    # The images stay from run to run: loading one again costs seconds.
    return [
        "dockerd",
        f"--host={url}",
        f"--data-root={home}/test-docker",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
    ]


def wait_until_up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait for the daemon to answer."""
    deadline = time.monotonic() + START_SECONDS
    while not daemon_answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(
                f"dockerd did not come up: {log.read_text(errors='replace')[-2000:]}"
            )
        time.sleep(0.2)
