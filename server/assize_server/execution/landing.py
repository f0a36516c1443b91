"""What becomes of a run: the seam between judging code and changing a workspace.

The executor asks once, when everything is judged and every process is dead. Whoever answers weighs
the effects by the job's policy and commits them, keeps them for a person, or throws them away.
"""

from dataclasses import dataclass
from typing import Protocol

from assize.model.effects import WeighedEffect
from assize.model.verdict import Finding, HoldNotice, Reason, Status, WorkspaceResult
from assize_sandbox.workspaces.collected import Collected
from assize_server.core.verdict import Conclusion
from assize_server.execution.ground import Ground
from assize_server.execution.job import Job


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a run's effects."""

    effects: tuple[WeighedEffect, ...]
    workspace: WorkspaceResult
    hold: HoldNotice | None = None
    ending: tuple[Status, Reason, str] | None = None
    """How the verification ended where that is not as the checks say; never a pass."""


class NotHeld(Exception):
    """Nobody is asked, so that nothing runs: the submitter asks too much; says what."""


class Landing(Protocol):
    """Decides what becomes of a run."""

    async def land(
        self, job: Job, conclusion: Conclusion, ground: Ground, left: Collected | None
    ) -> Landed:
        """Weigh what the run left, and commit, hold or discard it. Once for each run.

        `left` is None where no program was run: then the submitted files alone count.

        Raises:
            SandboxError: We could not tell; the workspace is as it was.
        """
        ...

    async def hold_before(self, job: Job, findings: tuple[Finding, ...]) -> HoldNotice:
        """Keep a job whose source asks for a person, and tell who must decide.

        Raises:
            NotHeld: The submitter has as many holds as may be, or it is too large for one.
            SandboxError: It could not be kept.
        """
        ...
