"""`assize serve` as a process of its own, over real containers."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import pytest
from support.cli import PATIENCE_SECONDS, containers, private_home, read_until, started
from support.programs import HELLO, SLEEPS
from support.service import POLICIES, SPEC, submitted

from assize import Client, errors
from assize.errors import ReasonCode
from assize.model.events import OutputChunk
from assize.model.submission import RequestedLimits
from assize.model.verdict import Reason, Status, Verdict
from assize_sandbox.images.store import Image
from assize_server.cli.serve import is_local

pytestmark = pytest.mark.engine

Process = subprocess.Popen[str]


@pytest.fixture
def own_home(tmp_path: Path, home: Path, image: Image) -> Path:
    """Give a home that nobody else uses."""
    return private_home(tmp_path, home)


@contextmanager
def serving(home: Path) -> Iterator[tuple[Process, Client]]:
    """Run the service until the block ends, with a client once it listens."""
    address = f"unix://{home}/rpc.sock"
    with started(home, "serve", "--listen", address, "--pool-size", "1") as process:
        read_until(process, "listening")
        with Client(address, timeout_seconds=PATIENCE_SECONDS) as client:
            yield process, client


def test_service_judges_and_drains_when_told_to_end(own_home: Path) -> None:
    """The run that was admitted gets its verdict, a new one is refused, then it ends with 0."""
    with serving(own_home) as (process, client):
        assert client.healthy()
        before = client.verify(submitted(HELLO), SPEC)
        stream = client.stream(submitted(SLEEPS), SPEC, limits=RequestedLimits(wall_seconds=1.0))
        while not isinstance(next(stream), OutputChunk):
            pass
        # To every process of the service, as systemd does it.
        os.killpg(process.pid, signal.SIGTERM)
        read_until(process, "draining")
        assert not client.healthy()
        with pytest.raises(errors.Unavailable) as caught:
            client.verify(submitted(HELLO), SPEC)
        *_, verdict = stream
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, ""), err
    assert before.status is Status.PASSED, before
    assert before.isolation is not None
    assert before.isolation.engine == "runc"
    assert {"network", "seccomp", "memory", "pids"} <= set(before.isolation.barriers)
    assert caught.value.reason == ReasonCode.DRAINING
    assert isinstance(verdict, Verdict)
    assert verdict.reason is Reason.TIME_LIMIT
    assert containers(own_home) == set()


def test_what_a_killed_service_left_is_removed_by_the_next(own_home: Path) -> None:
    """SIGKILL lets nobody clean up; the next start does, on the same socket."""
    with serving(own_home) as (process, client):
        stream = client.stream(submitted(SLEEPS), SPEC)
        while not isinstance(next(stream), OutputChunk):
            pass
        process.kill()
        process.wait(PATIENCE_SECONDS)
        with pytest.raises(errors.Unavailable):
            list(stream)
    left = containers(own_home)
    assert left
    with serving(own_home) as (process, client):
        assert client.healthy()
        assert not left & containers(own_home)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert containers(own_home) == set()


@pytest.mark.parametrize("address", ["0.0.0.0:50051", "[::]:50051", "192.0.2.1:1", "example.org:1"])
def test_address_that_others_can_reach_is_not_local(address: str) -> None:
    """Calls are not authenticated, so it takes a word more."""
    assert not is_local(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:50051", "[::1]:1", "localhost:1", "unix:///run/a.sock", "127.9.9.9:1"]
)
def test_address_of_this_machine_is_local(address: str) -> None:
    """Loopback and sockets."""
    assert is_local(address)


def test_remote_address_without_the_word_ends_with_2(tmp_path: Path) -> None:
    """Before anything is started."""
    with started(tmp_path, "serve", "--listen", "0.0.0.0:0") as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (2, "")
    assert "--allow-remote" in err


def test_barrier_that_does_not_hold_stops_the_service(own_home: Path, tmp_path: Path) -> None:
    """A seccomp profile that allows everything is seen by the probe, and nothing is served."""
    policies = Path(copytree(POLICIES, tmp_path / "policies"))
    (policies / "seccomp.json").write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW"}))
    address = f"unix://{tmp_path}/rpc.sock"
    words = ("serve", "--listen", address, "--policies", str(policies))
    with started(own_home, *words) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (4, ""), err
    assert "seccomp" in err
    assert "Traceback" not in err
    assert not (tmp_path / "rpc.sock").exists()
    assert containers(own_home) == set()
