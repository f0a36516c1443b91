"""Concludes how a run ended. Pure: evidence in, outcome out.

The strongest evidence decides, from what only the host knows down to what the guest reports:
who killed the container, how much came out, what the kernel counted, how the process ended. A
limit that was met and survived (a child killed for memory, a refused fork) is no failure if the
program then exits with 0: what it wrote is what counts.
"""

import signal
from dataclasses import dataclass

from assize.model.verdict import Output, Reason
from assize_sandbox.engines.base import Counters
from assize_sandbox.limits import Limits
from assize_sandbox.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Ending:
    """What the guest says of the process's end; None of it where the container died first."""

    code: int | None
    signal: int | None
    flooded: bool = False
    disk_full: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about one run."""

    breach: Reason | None
    breach_detail: str
    before: Counters
    after: Counters
    stdout: Output
    stderr: Output
    ending: Ending | None


def conclude(evidence: Evidence, limits: Limits) -> Outcome | None:
    """Return the outcome, or None if nothing explains why the container died."""
    reason, detail = _stopped(evidence, limits)
    ending = evidence.ending
    if reason is None and ending is None:
        return None
    if reason is None and ending is not None:
        reason, detail = _failed(evidence, ending, limits)
    stopped = evidence.breach is not None or ending is None
    return Outcome(
        reason=reason,
        exit_code=None if stopped or ending is None else ending.code,
        signal=None if stopped or ending is None else ending.signal,
        stdout=evidence.stdout,
        stderr=evidence.stderr,
        detail=detail,
    )


def _stopped(evidence: Evidence, limits: Limits) -> tuple[Reason | None, str]:
    """Return the limit that ended the run whatever the process would say."""
    if evidence.breach is not None:
        return evidence.breach, evidence.breach_detail
    written = max(evidence.stdout.total_bytes, evidence.stderr.total_bytes)
    if written > limits.output_bytes or (evidence.ending and evidence.ending.flooded):
        return (
            Reason.OUTPUT_LIMIT,
            f"wrote {written} bytes to one stream, the limit is {limits.output_bytes}",
        )
    if evidence.ending is None and _grew(evidence).oom_kills:
        return Reason.MEMORY_LIMIT, _memory(limits)
    return None, ""


def _failed(evidence: Evidence, ending: Ending, limits: Limits) -> tuple[Reason | None, str]:
    """Return why a process that came to an end of its own failed, if it did."""
    if ending.code == 0:
        return None, ""
    grew = _grew(evidence)
    if grew.oom_kills:
        return Reason.MEMORY_LIMIT, _memory(limits)
    if grew.pids_refused:
        return (
            Reason.PROCESS_LIMIT,
            f"failed when it had {limits.shape.pids} processes and threads, which is the limit",
        )
    if ending.disk_full or ending.signal == signal.SIGXFSZ:
        return (
            Reason.DISK_LIMIT,
            _disk(limits),
        )
    if ending.signal is not None:
        return Reason.SIGNALED, f"ended by signal {_signal_name(ending.signal)}"
    return Reason.RUNTIME_ERROR, f"exited with status {ending.code}"


def _grew(evidence: Evidence) -> Counters:
    before, after = evidence.before, evidence.after
    return Counters(
        oom_kills=after.oom_kills - before.oom_kills,
        pids_refused=after.pids_refused - before.pids_refused,
    )


def _disk(limits: Limits) -> str:
    return (
        f"failed with its disk of {limits.shape.disk_bytes} bytes and "
        f"{limits.shape.disk_inodes} files full, or a file at {limits.file_bytes} bytes"
    )


def _memory(limits: Limits) -> str:
    return f"needed more than {limits.shape.memory_bytes} bytes of memory"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
