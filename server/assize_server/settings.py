"""How an installation is set up: environment variables first, then command-line flags."""

import os
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Final

DEFAULT_HOME: Final = Path("/var/lib/assize")
DEFAULT_LISTEN: Final = "127.0.0.1:50051"


class EngineChoice(StrEnum):
    """Which engine runs the code; AUTO takes Docker where a daemon answers, else runc."""

    AUTO = "auto"
    DOCKER = "docker"
    RUNC = "runc"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can choose. Policies are not in here: they are files of their own."""

    home: Path = DEFAULT_HOME
    """Images, bundles and sockets live below it."""
    state: Path | None = None
    """What the service remembers: its database, keys and workspaces; None: `state` below home."""
    audit_origin: str = ""
    """What the audit log is called; empty: a name made of its first key."""
    checkpoints: str = ""
    """Where its checkpoints are published (audit/places.py); empty: nowhere."""
    access: Path | None = None
    """The credentials file; None: whoever reaches a local address, as `anonymous`."""
    policies: Path | None = None
    """Folder of policy files; None: those that come with the package."""
    engine: EngineChoice = EngineChoice.AUTO
    runtime: tuple[str, ...] = ("runc",)
    """OCI runtime binary and its arguments, such as `runsc --platform=ptrace`."""
    docker_url: str | None = None
    """Docker Engine API; None: DOCKER_HOST or the usual socket."""
    docker_runtime: str | None = None
    """A runtime that the daemon knows, such as `runsc`; None: the daemon's default."""
    pool_size: int = 2
    """Containers kept ready."""
    concurrency: int = max(2, os.cpu_count() or 2)
    """Verifications that run at once."""
    waiting: int = 64
    """Verifications that may queue behind them; one more is refused with OVERLOADED."""
    drain_seconds: float = 35.0
    """How long running verifications may take to end once the service is told to stop."""

    def state_folder(self) -> Path:
        """Return where the service keeps what it remembers: below home, or below the user's own."""
        if self.state is not None:
            return self.state
        there = next(folder for folder in (self.home, *self.home.parents) if folder.exists())
        return self.home / "state" if os.access(there, os.W_OK) else own_state()

    def policy_folder(self) -> Path:
        """Return the folder that the policies are read from."""
        return self.policies or packaged_policies()


def own_state() -> Path:
    """Return where a user who may not write to home keeps state (XDG base directories)."""
    chosen = os.environ.get("XDG_STATE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".local" / "state") / "assize"


def packaged_policies() -> Path:
    """Return the policies that came with the package, or those of the source tree."""
    packaged = Path(str(resources.files("assize_server"))) / "_policies"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "policies"


def from_environment() -> Settings:
    """Read the variables ASSIZE_* that docs/deployment.md lists, and DOCKER_HOST.

    Raises:
        ValueError: A variable has a value that makes no sense.
    """
    policies, state = os.environ.get("ASSIZE_POLICIES"), os.environ.get("ASSIZE_STATE")
    return Settings(
        state=Path(state) if state else None,
        audit_origin=os.environ.get("ASSIZE_AUDIT_ORIGIN", ""),
        checkpoints=os.environ.get("ASSIZE_CHECKPOINTS", ""),
        access=_path("ASSIZE_ACCESS"),
        home=Path(os.environ.get("ASSIZE_HOME") or DEFAULT_HOME),
        policies=Path(policies) if policies else None,
        engine=_engine(os.environ.get("ASSIZE_ENGINE") or EngineChoice.AUTO),
        runtime=tuple((os.environ.get("ASSIZE_RUNTIME") or "runc").split()),
        docker_url=os.environ.get("DOCKER_HOST") or None,
    )


def _engine(text: str) -> EngineChoice:
    try:
        return EngineChoice(text)
    except ValueError as error:
        known = ", ".join(EngineChoice)
        raise ValueError(f"ASSIZE_ENGINE is one of {known}, not {text!r:.60}") from error


def _path(variable: str) -> Path | None:
    text = os.environ.get(variable)
    return Path(text) if text else None
