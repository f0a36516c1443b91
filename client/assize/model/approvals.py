"""What waits for a person, and what a person answered: holds, decisions, grants.

Times are whole Unix seconds, digests SHA-256 in hex. A `Hold` never changes: it is what an approver
is shown and what a signature binds. What becomes of it is its `HoldStatus`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from assize.model.effects import EffectKind, EffectSet, WeighedEffect


class HoldKind(StrEnum):
    """At which gate a run waits."""

    BEFORE_EXECUTION = "before_execution"
    """A static rule asked; nothing was run."""
    BEFORE_COMMIT = "before_commit"
    """It ran, and nothing of what it would change has landed."""


class HoldState(StrEnum):
    """What became of a hold. PENDING and APPROVED go on, the others are ends."""

    PENDING = "pending"
    """Nobody denied it, and too few have approved it."""
    APPROVED = "approved"
    """Enough people approved it, and it was not used yet."""
    DENIED = "denied"
    """Somebody denied it, which is final."""
    EXPIRED = "expired"
    """Its time ran out, which denies it."""
    COMMITTED = "committed"
    """The approval was used: the effects landed, or the run was started."""
    CONFLICT = "conflict"
    """It was approved, but the workspace has moved on; a new run is needed."""
    FAILED = "failed"
    """It was approved, but could not be carried out."""


class ApprovalDecision(StrEnum):
    """What a person answered."""

    APPROVE = "approve"
    DENY = "deny"


IRREVERSIBLE: Final = frozenset(
    {
        EffectKind.FS_DELETE,
        EffectKind.FS_TRUNCATE,
        EffectKind.FS_RENAME_OVER,
        EffectKind.FS_RMDIR,
        EffectKind.DB_DELETE,
        EffectKind.DB_SCHEMA,
        EffectKind.DB_UNATTRIBUTABLE,
    }
)
"""Kinds by which content is lost; approvers are shown these first."""


@dataclass(frozen=True, slots=True)
class AskingRule:
    """A rule that asked for a person."""

    id: str
    """Its id."""
    why: str
    """Why it is there."""


@dataclass(frozen=True, slots=True)
class RequiredApproval:
    """Who must agree."""

    groups: tuple[str, ...]
    """Sorted; a person of any of these counts. Of none: nobody can agree."""
    quorum: int
    """How many different people."""


@dataclass(frozen=True, slots=True)
class HeldFinding:
    """Where a static rule matched."""

    rule: str
    """The rule's id."""
    path: str
    """The submitted file."""
    line: int
    """Counted from 1."""
    message: str
    """What the rule says of it."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A submitted file."""

    path: str
    """Its path in the submission."""
    digest: str
    """SHA-256 of its content."""
    size_bytes: int
    """Its size."""
    text: str
    """Its content; empty where it is no UTF-8 or too long to be shown."""


@dataclass(frozen=True, slots=True)
class HeldProgram:
    """What would be run: all that `submission_digest` binds."""

    files: tuple[HeldFile, ...]
    """In order of path."""
    entry_point: str
    """The file that is run; empty: functions are called."""
    arguments: tuple[str, ...]
    """Of the program."""
    environment: tuple[tuple[str, str], ...]
    """Name and value, sorted."""
    stdin_digest: str
    """SHA-256 of what it reads."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Everything that an approver is shown and that an approval binds."""

    id: str
    """Names it."""
    kind: HoldKind
    """At which gate it waits."""
    verification_id: str
    """The run; a run has one hold at each gate."""
    workspace: str
    """The workspace's name; empty where the run has none."""
    base: str
    """The snapshot that the run begins, or began, with; empty where it has no workspace."""
    result: str
    """The snapshot that a commit makes; empty before execution."""
    submitter: str
    """Who submitted the run, from the credential."""
    subject: str
    """The effect set's digest; before execution, the submission's."""
    policy: str
    """The policy's name."""
    policy_digest: str
    """The policy that the run was weighed by."""
    rules: tuple[AskingRule, ...]
    """The rules that asked."""
    required: RequiredApproval
    """Who must agree."""
    audience: str
    """The service that an approval is meant for."""
    created_at: int
    """When it was made."""
    expires_at: int
    """From then on it counts as denied."""
    weighed: tuple[WeighedEffect, ...] = ()
    """Before commit: the whole effect set, in its order, and what the policy says of each."""
    program: HeldProgram | None = None
    """Before execution: what would be run."""
    findings: tuple[HeldFinding, ...] = ()
    """Before execution: where static rules matched."""

    @property
    def effect_set(self) -> EffectSet:
        """The effects as a set, whose digest is the subject before a commit."""
        effects = tuple(each.effect for each in self.weighed)
        return EffectSet(self.workspace, self.base, self.result, effects)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What an approver gets to decide by, and what travels to a machine without a network."""

    hold: Hold
    """What is asked."""
    nonce: str
    """Known to approvers only; a decision names it."""


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A person's answer, as the service recorded it."""

    person: str
    """Who signed it."""
    key_id: str
    """SHA-256 of the public key that it was signed by."""
    decision: ApprovalDecision
    """The answer."""
    reason: str
    """Why, in the person's words."""
    at: int
    """When it was recorded."""
    not_after: int
    """From then on an approval no longer counts; the signer's choice, at most the hold's time."""


@dataclass(frozen=True, slots=True)
class HoldStatus:
    """What became of a hold."""

    state: HoldState
    """Where it stands."""
    detail: str = ""
    """Why it ended, where there is more to say."""
    changed_at: int = 0
    """When the state last changed."""
    decisions: tuple[RecordedDecision, ...] = ()
    """In the order in which they were recorded."""


@dataclass(frozen=True, slots=True)
class HoldSummary:
    """A hold in a line."""

    id: str
    kind: HoldKind
    state: HoldState
    detail: str
    verification_id: str
    workspace: str
    submitter: str
    policy: str
    rules: tuple[str, ...]
    """Ids of the rules that asked."""
    groups: tuple[str, ...]
    """Whose people can approve."""
    quorum: int
    """How many must."""
    approvals: int
    """How many have."""
    effects: int
    """How many it would have; 0 before execution."""
    irreversible: int
    """How many of them lose content."""
    created_at: int
    expires_at: int
    sequence: int
    """Grows with every change of any hold: what to watch after."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A person's signature ahead: some holds of one workspace need not ask again."""

    workspace: str
    """The workspace that it is for."""
    policy_digest: str
    """The policy that it is for: a changed policy ends it."""
    rules: tuple[str, ...]
    """Ids of the rules that need not ask, sorted."""
    paths: tuple[str, ...]
    """Globs over `workspace/<path>`, sorted; every held effect must match one."""
    most_effects: int
    """How many effects in all; rows count each."""
    audience: str
    """The service that it is meant for."""
    not_before: int
    not_after: int
    """From then on it is over."""
    nonce: str
    """Chosen by who signs; no two grants have the same."""
    reason: str
    """Why, in the person's words."""


@dataclass(frozen=True, slots=True)
class GrantRecord:
    """A grant and what became of it."""

    id: str
    """Names it."""
    grant: Grant
    """What was signed."""
    person: str
    """Who signed it."""
    key_id: str
    """SHA-256 of the public key."""
    used: int = 0
    """Effects that it has let through."""
    revoked_at: int = 0
    """When it was revoked; 0: it was not."""
    revoked_by: str = ""
    """Who revoked it."""


@dataclass(frozen=True, slots=True)
class RuleStats:
    """How holds ended that a rule asked for."""

    rule: str
    holds: int
    approved: int
    denied: int
    expired: int


@dataclass(frozen=True, slots=True)
class HoldStats:
    """How holds ended, over all that the service remembers."""

    holds: int
    pending: int
    approved: int
    """By enough people, whatever became of it afterwards."""
    denied: int
    expired: int
    median_seconds_to_decide: int | None
    """From the hold to the end of waiting, of those approved and denied; None: there are none."""
    rules: tuple[RuleStats, ...] = ()
    """By rule, in order of id."""


def irreversible_first(weighed: Iterable[WeighedEffect]) -> tuple[WeighedEffect, ...]:
    """Return the effects as approvers are shown them: what loses content, then what was held."""
    return tuple(
        sorted(
            weighed,
            key=lambda each: (each.effect.kind not in IRREVERSIBLE, -each.decision),
        )
    )
