"""What a dead container leaves is freed beside the requests, and is never forgotten.

The runtime is runc behind a script that can be told to wait, or to refuse, when it is to delete.
"""

from pathlib import Path

import pytest
from support.programs import SHAPE

from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.errors import SandboxError
from assize_sandbox.images.store import Image

SECCOMP = Path(__file__).parents[3] / "policies" / "seccomp.json"
WAITS = 'while [ -e "$GATE" ]; do sleep 0.01; done'
REFUSES = '[ -e "$GATE" ] && { echo no >&2; exit 9; }'


class Gate:
    """While it is closed, nothing is deleted."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "gate"

    def script(self, folder: Path, when_closed: str) -> tuple[str, ...]:
        """Return a runtime that does `when_closed` before it deletes."""
        binary = folder / "gated-runc"
        choice = f'case " $* " in *" delete "*) {when_closed};; esac'
        binary.write_text(f'#!/bin/sh\nGATE={self._file}\n{choice}\nexec runc "$@"\n')
        binary.chmod(0o755)
        return (str(binary),)

    def close(self) -> None:
        """Let nothing be deleted."""
        self._file.touch()

    def open(self) -> None:
        """Let it be."""
        self._file.unlink()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate that is open."""
    return Gate(tmp_path)


def engine_of(image: Image, home: Path, runtime: tuple[str, ...]) -> RuncEngine:
    """Return an engine with folders of its own."""
    return RuncEngine(image, home=home, seccomp=SECCOMP, runtime=runtime)


@pytest.mark.engine
async def test_removal_does_not_wait_for_the_runtime(
    image: Image, tmp_path: Path, gate: Gate
) -> None:
    """Whoever removes a container learns its counters while its cgroup still stands."""
    engine = engine_of(image, tmp_path, gate.script(tmp_path, WAITS))
    await engine.start()
    container = await engine.prepare(SHAPE)
    gate.close()
    remains = await container.remove()
    assert remains.counters.peak_memory_bytes > 0
    assert list((tmp_path / "runc-bundles").iterdir())
    gate.open()
    await engine.close()


@pytest.mark.engine
async def test_close_waits_until_everything_is_freed(
    image: Image, tmp_path: Path, gate: Gate
) -> None:
    """No bundle is left for the next server to find."""
    engine = engine_of(image, tmp_path, gate.script(tmp_path, ":"))
    await engine.start()
    await (await engine.prepare(SHAPE)).remove()
    await engine.prepare(SHAPE)
    await engine.close()
    assert not list((tmp_path / "runc-bundles").iterdir())
    assert not list((tmp_path / "runc").iterdir())


@pytest.mark.engine
async def test_close_fails_while_something_cannot_be_freed(
    image: Image, tmp_path: Path, gate: Gate
) -> None:
    """A container that the runtime refused to delete is tried again, and told of."""
    engine = engine_of(image, tmp_path, gate.script(tmp_path, REFUSES))
    await engine.start()
    gate.close()
    await (await engine.prepare(SHAPE)).remove()
    with pytest.raises(SandboxError, match="status 9: no"):
        await engine.close()
    gate.open()
    await engine.close()
    assert not list((tmp_path / "runc-bundles").iterdir())
