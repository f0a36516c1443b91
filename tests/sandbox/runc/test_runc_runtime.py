"""How the OCI runtime's binary is called, shown with scripts in its place."""

import asyncio
import ctypes
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from assize_sandbox.engines.runc import runtime
from assize_sandbox.engines.runc.runtime import Runtime
from assize_sandbox.errors import SandboxError

FORKS: list[None] = []
# The kernel of the matter is libc's list of handlers, not Python's; it cannot be left again.
ForkHandler = ctypes.CFUNCTYPE(None)
_count = ForkHandler(lambda: FORKS.append(None))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Runtime]:
    """Make a runtime out of a shell script."""

    def write(script: str) -> Runtime:
        binary = tmp_path / "runtime"
        binary.write_text(f"#!/bin/sh\n{script}\n")
        binary.chmod(0o755)
        return Runtime((str(binary),), tmp_path / "state")

    return write


async def test_a_call_that_fails_tells_what_the_runtime_said(
    written: Callable[[str], Runtime],
) -> None:
    """Its status and its last words are in the error."""
    with pytest.raises(SandboxError, match="status 3: it is stuck"):
        await written("echo it is stuck >&2; exit 3").delete("c0")


async def test_a_call_that_hangs_is_killed(
    written: Callable[[str], Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever, and nothing is left running."""
    monkeypatch.setattr(runtime, "CALL_SECONDS", 0.05)
    with pytest.raises(SandboxError, match="silent"):
        await written("exec sleep 1000").delete("c0")


async def test_a_call_that_is_cancelled_is_killed(written: Callable[[str], Runtime]) -> None:
    """Whoever gives up leaves no process behind."""
    call = asyncio.create_task(written("exec sleep 1000").delete("c0"))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def test_a_call_runs_no_fork_handlers(written: Callable[[str], Runtime]) -> None:
    """Those of gRPC would bring it down now and then, under the loop that the service uses."""
    libc = ctypes.CDLL(None)
    libc.__register_atfork(_count, None, None, None)
    runtime_under_test = written("exit 0")
    uvloop.run(runtime_under_test.delete("c0"))
    assert not FORKS
