"""What became of a verification that was held, and the verdict that says so."""

from dataclasses import dataclass, replace

from assize.model.verdict import Reason, Status, Verdict, WorkspaceOutcome, WorkspaceResult


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a held verification ended."""

    status: Status
    """PASSED: it was approved and has landed."""
    reason: Reason | None
    message: str

    def of(self, verdict: Verdict) -> Verdict:
        """Return the verdict that takes the place of the one that was HELD."""
        return replace(
            verdict,
            status=self.status,
            reason=self.reason,
            message=self.message,
            workspace=self._workspace(verdict.workspace),
        )

    def _workspace(self, result: WorkspaceResult | None) -> WorkspaceResult | None:
        if result is None:
            return None
        if self.status is Status.PASSED:
            return replace(result, outcome=WorkspaceOutcome.COMMITTED)
        if self.reason is Reason.CONFLICT:
            return replace(result, outcome=WorkspaceOutcome.CONFLICT)
        return replace(result, outcome=WorkspaceOutcome.DISCARDED)
