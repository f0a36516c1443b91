"""What a daemon and its host must be able to do before any container is made.

Docker drops a limit that the kernel cannot keep and goes on with a warning; these checks refuse
first, each with the remedy.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psutil

from assize_sandbox.errors import EngineUnavailable

KERNEL_REMEDY: Final = (
    "boot with cgroup_enable=memory swapaccount=1, or move to cgroup v2 with all controllers"
)


@dataclass(frozen=True, slots=True)
class DaemonFacts:
    """What `GET /info` says that matters here."""

    operating_system: str
    default_runtime: str
    runtimes: frozenset[str]
    security: tuple[str, ...]
    missing_limits: tuple[str, ...]
    limits_swap: bool
    first_host_id: int = 0
    """Who the container's user 0 is outside; 0 unless the daemon remaps users."""

    @property
    def remaps_users(self) -> bool:
        """Whether containers get a user namespace of their own."""
        return "userns" in self.security or "rootless" in self.security


def read_info(info: Mapping[str, object]) -> DaemonFacts:
    """Convert the answer of `GET /info`; what is absent counts as missing."""
    runtimes, options = info.get("Runtimes"), info.get("SecurityOptions")
    limits = ("MemoryLimit", "PidsLimit", "CpuCfsQuota")
    return DaemonFacts(
        operating_system=str(info.get("OSType", "")),
        default_runtime=str(info.get("DefaultRuntime", "")),
        runtimes=frozenset(map(str, runtimes)) if isinstance(runtimes, Mapping) else frozenset(),
        security=security_names(options if isinstance(options, list) else []),
        missing_limits=tuple(name for name in limits if info.get(name) is not True),
        limits_swap=info.get("SwapLimit") is True,
        first_host_id=first_host_id(str(info.get("DockerRootDir", ""))),
    )


def first_host_id(root: str) -> int:
    """Return who a daemon's user 0 is: one that remaps users keeps its own folder for them.

    Such as /var/lib/docker/100000.100000 (docs.docker.com/engine/security/userns-remap).
    """
    found = re.search(r"/(\d+)\.\d+$", root)
    return int(found[1]) if found else 0


def security_names(options: list[object]) -> tuple[str, ...]:
    """Return `("seccomp", "userns")` for `["name=seccomp,profile=default", "name=userns"]`."""
    firsts = (str(option).split(",")[0] for option in options)
    return tuple(first.removeprefix("name=") for first in firsts)


def check(facts: DaemonFacts, runtime: str | None, swap_bytes: int) -> None:
    """Refuse a daemon that could not keep a barrier up.

    Raises:
        EngineUnavailable: With what is missing and how to mend it.
    """
    if facts.operating_system != "linux":
        raise EngineUnavailable(
            f"the Docker daemon runs {facts.operating_system or 'an unknown system'} containers, "
            "and the barriers are Linux's",
            remedy="use a Docker daemon on Linux",
        )
    if "seccomp" not in facts.security:
        raise EngineUnavailable(
            "the Docker daemon cannot filter system calls (no seccomp)",
            remedy="use a kernel with CONFIG_SECCOMP_FILTER and a Docker built with seccomp",
        )
    if facts.missing_limits:
        raise EngineUnavailable(
            f"the Docker daemon cannot enforce {', '.join(facts.missing_limits)}",
            remedy=KERNEL_REMEDY,
        )
    if not facts.limits_swap and swap_bytes:
        raise EngineUnavailable(
            f"the Docker daemon cannot limit swap, and this host has {swap_bytes} bytes of it",
            remedy=f"swapoff -a, or {KERNEL_REMEDY}",
        )
    if runtime is not None and runtime not in facts.runtimes:
        raise EngineUnavailable(
            f"the Docker daemon has no runtime {runtime!r}; it has {sorted(facts.runtimes)}",
            remedy=f'add "{runtime}" to "runtimes" in /etc/docker/daemon.json',
        )


def host_swap_bytes() -> int:
    """Return how much swap this host has."""
    return psutil.swap_memory().total
