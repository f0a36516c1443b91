"""The service inside this process, over real containers: it comes up whole or leaves nothing."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog
from support.cli import PATIENCE_SECONDS, containers, private_home, read_until, started
from support.programs import HELLO, SLEEPS
from support.service import SPEC, submitted

from assize import Client
from assize.model.events import OutputChunk
from assize.model.verdict import Status
from assize_sandbox.engines.base import Engine, EngineFacts
from assize_sandbox.errors import ImageMissing
from assize_sandbox.images.store import Image
from assize_sandbox.limits import Shape
from assize_server import service
from assize_server.embedded import EmbeddedService
from assize_server.policies.load import PolicyError
from assize_server.settings import EngineChoice, Settings

pytestmark = pytest.mark.engine

TELLS_EVENTS = """
import sys
from assize.cli import main, verify

class Told(verify.Progress):
    def tell(self, event):
        print(type(event).__name__, file=sys.stderr, flush=True)

verify.Progress = Told
main.run()
"""


@pytest.fixture
def own_home(tmp_path: Path, home: Path, image: Image) -> Path:
    """Give a home that nobody else uses."""
    return private_home(tmp_path, home)


@pytest.fixture
def settings(own_home: Path) -> Settings:
    """Give settings of a small service."""
    return Settings(home=own_home, engine=EngineChoice.RUNC, pool_size=1, concurrency=1)


@pytest.fixture(autouse=True)
def unconfigured_logging() -> Iterator[None]:
    """Leave the logging of the process as it was."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def threads() -> list[str]:
    """Return the names of the threads that the service starts."""
    return [each.name for each in threading.enumerate() if each.name == "assize-embedded"]


def test_service_that_was_left_is_gone(
    settings: Settings, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It judges; left in the middle of a run, it leaves no container, thread, socket or output."""
    with (
        EmbeddedService(settings=settings) as address,
        Client(address, timeout_seconds=PATIENCE_SECONDS) as client,
    ):
        verdict = client.verify(submitted(HELLO), SPEC)
        unheard = client.stream(submitted(SLEEPS), SPEC)
        while not isinstance(next(unheard), OutputChunk):
            pass
        assert containers(own_home)
    assert verdict.status is Status.PASSED, verdict
    assert containers(own_home) == set()
    assert threads() == []
    assert not Path(address.removeprefix("unix://")).parent.exists()
    unheard.close()
    assert capsys.readouterr() == ("", "")


def test_home_without_image_is_told_on_entry(tmp_path: Path) -> None:
    """The error says what mends it."""
    settings = Settings(home=tmp_path, engine=EngineChoice.RUNC)
    with pytest.raises(ImageMissing) as caught, EmbeddedService(settings=settings):
        pass
    assert caught.value.remedy == "assize image build"
    assert threads() == []


def test_broken_policies_are_told_on_entry(settings: Settings, tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / "default.yaml").write_text("name: default\nunknown: 1\n")
    service = EmbeddedService(policy_dir=tmp_path, settings=settings)
    with pytest.raises(PolicyError, match=r"default\.yaml"), service:
        pass
    assert threads() == []


def test_interrupt_while_it_starts_takes_it_down(
    settings: Settings, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C before the address is there leaves no container either."""
    seen: list[set[str]] = []

    async def probe(engine: Engine, facts: EngineFacts) -> NoReturn:
        await engine.prepare(Shape())
        seen.append(containers(own_home))
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    monkeypatch.setattr(service, "probe", probe)
    with pytest.raises(KeyboardInterrupt), EmbeddedService(settings=settings):
        pass
    assert len(seen[0]) == 1
    assert containers(own_home) == set()
    assert threads() == []


def test_warnings_go_to_standard_error_and_nothing_else_does(
    settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Standard output belongs to the answers of whoever embeds us."""
    with pytest.raises(ImageMissing), EmbeddedService(settings=Settings(home=tmp_path / "none")):
        pass
    log: Any = structlog.get_logger("test")
    log.info("unwanted")
    log.warning("wanted", number=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "unwanted" not in err
    assert '"event": "wanted"' in err


def test_logging_of_the_embedding_process_is_left_alone(tmp_path: Path) -> None:
    """Who configured it meant it."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    before = structlog.get_config()
    with pytest.raises(ImageMissing), EmbeddedService(settings=Settings(home=tmp_path / "none")):
        pass
    assert structlog.get_config() == before


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=["SIGTERM", "SIGINT"],
)
def test_signal_to_the_command_takes_the_container_down(
    own_home: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """A run that CI cancels leaves nothing on the host and no traceback in the log."""
    (tmp_path / "main.py").write_bytes(SLEEPS.source)
    (tmp_path / "spec.yaml").write_text("checks:\n  - exit_code: {code: 0}\n")
    words = ("verify", str(tmp_path / "main.py"), "--spec", str(tmp_path / "spec.yaml"))

    with started(own_home, *words, program=(sys.executable, "-c", TELLS_EVENTS)) as process:
        read_until(process, "OutputChunk")
        assert containers(own_home)
        # As a terminal does it: to every process of the session.
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (status, ""), err
    assert "Traceback" not in err
    assert containers(own_home) == set()
