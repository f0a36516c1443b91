"""The self-probe: tries every barrier of an engine for real before anything is judged behind it.

A setting that a kernel, a daemon or a runtime ignores in silence looks like any other; so nothing
is believed that was not tried. Memory and processes are also read from the kernel's own counters.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from assize_sandbox.channel import Channel
from assize_sandbox.engines.base import Counters, Engine, EngineFacts, Role
from assize_sandbox.errors import BarrierBroken, ProtocolViolation, SandboxError
from assize_sandbox.frames import Frame
from assize_sandbox.limits import Shape

MIB: Final = 1024 * 1024
PROBED_SHAPE: Final = Shape(
    memory_bytes=96 * MIB, pids=16, cpu_cores=0.5, disk_bytes=4 * MIB, disk_inodes=64
)
"""Small, so that reaching every limit takes a second and not a minute."""

_ENGINE_REMEDY: Final = "run `assize doctor --engine runc`; that engine sets this up by itself"
REMEDIES: Final = {
    "network": "use an OCI runtime that honours network namespaces and the seccomp profile",
    "capabilities": "use an OCI runtime that drops all capabilities",
    "no_new_privileges": "use an OCI runtime that sets no_new_privs",
    "seccomp": "use a kernel with CONFIG_SECCOMP_FILTER and the profile policies/seccomp.json",
    "user": "rebuild the sandbox image: assize image build",
    "user_namespace": "start the Docker daemon with --userns-remap=default, or use --engine runc",
    "processes_hidden": _ENGINE_REMEDY,
    "root_file_system": _ENGINE_REMEDY,
    "kernel_files": _ENGINE_REMEDY,
    "devices": _ENGINE_REMEDY,
    "service_sockets": "rebuild the sandbox image: assize image build",
    "core_dumps": _ENGINE_REMEDY,
    "host_name": _ENGINE_REMEDY,
    "cpu": "enable the cpu cgroup controller (CONFIG_CFS_BANDWIDTH)",
    "disk": "use a kernel and a runtime that honour tmpfs size and nr_inodes",
    "pids": "enable the pids cgroup controller",
    "memory": "enable the memory cgroup controller; boot with cgroup_enable=memory",
}
OPTIONAL: Final = frozenset({"user_namespace"})
"""Told and not required: Docker gives user namespaces only where its daemon is set up so."""


@dataclass(frozen=True, slots=True)
class BarrierResult:
    """What came of trying one barrier."""

    name: str
    held: bool
    evidence: str
    remedy: str
    required: bool


async def probe(engine: Engine, facts: EngineFacts) -> tuple[BarrierResult, ...]:
    """Try every barrier in a container of its own, and hold the kernel's counters against it.

    Raises:
        SandboxError: The probe itself could not be run.
    """
    container = await engine.prepare(PROBED_SHAPE, Role.PROBE)
    try:
        told = await _ask(Channel(container))
        counters = await container.counters()
    finally:
        await container.remove()
    results = [_result(told, name) for name in REMEDIES]
    return tuple(_cross_checked(result, counters, facts) for result in results)


async def _ask(channel: Channel) -> dict[str, tuple[bool, str]]:
    if (await channel.receive()).header.get("ev") != "ready":
        raise ProtocolViolation("the probe did not begin with ready")
    shape = {
        "memory_bytes": PROBED_SHAPE.memory_bytes,
        "pids": PROBED_SHAPE.pids,
        "cpu_cores": PROBED_SHAPE.cpu_cores,
        "disk_bytes": PROBED_SHAPE.disk_bytes,
        "disk_inodes": PROBED_SHAPE.disk_inodes,
    }
    await channel.send(Frame({"op": "probe", "shape": shape}))
    answer = await channel.receive()
    if answer.header.get("ev") != "probed":
        raise ProtocolViolation("the probe did not answer")
    return {str(one["name"]): (one["held"] is True, str(one["evidence"])) for one in _list(answer)}


def _list(answer: Frame) -> Iterable[dict[str, str | bool]]:
    try:
        told = json.loads(answer.payload)
    except ValueError as error:
        raise SandboxError("the probe's answer is not JSON") from error
    if not isinstance(told, list):
        raise SandboxError("the probe's answer is not a list")
    return told


def _result(told: dict[str, tuple[bool, str]], name: str) -> BarrierResult:
    """A barrier that the probe says nothing of does not hold."""
    held, evidence = told.get(name, (False, "the probe said nothing of it"))
    return BarrierResult(name, held, evidence, REMEDIES[name], name not in OPTIONAL)


def _cross_checked(result: BarrierResult, counters: Counters, facts: EngineFacts) -> BarrierResult:
    if result.name == "memory" and not counters.oom_kills:
        return replace(
            result, held=False, evidence=f"{result.evidence}; the kernel counted no kill"
        )
    if result.name == "pids" and not counters.pids_refused:
        return replace(
            result, held=False, evidence=f"{result.evidence}; the kernel counted no refusal"
        )
    if result.name == "cpu" and not counters.cpu_seconds:
        return replace(
            result,
            held=False,
            evidence=f"{result.evidence}; {facts.cgroup} cgroup counts no CPU time",
        )
    return result


def require(results: Iterable[BarrierResult]) -> None:
    """Refuse to go on behind a barrier that does not hold.

    Raises:
        BarrierBroken: With the first one that is required and does not.
    """
    broken = [result for result in results if result.required and not result.held]
    if broken:
        names = ", ".join(result.name for result in broken)
        first = broken[0]
        raise BarrierBroken(
            f"barriers that do not hold: {names}; {first.name}: {first.evidence}",
            remedy=first.remedy,
        )
