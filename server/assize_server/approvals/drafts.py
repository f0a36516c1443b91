"""Makes holds of what a run would do. Pure: ids and times are passed in."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from assize.approvals.digests import held_program, submission_digest
from assize.canonical import effect_set_digest
from assize.model.approvals import (
    AskingRule,
    HeldFinding,
    Hold,
    HoldKind,
    RequiredApproval,
)
from assize.model.effects import EffectSet, WeighedEffect
from assize.model.submission import Submission
from assize_server.core.rules import Approval

NONCE_BYTES: Final = 32
_ID_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks whom, about which run: what both kinds of holds have."""

    verification_id: str
    """The run."""
    submitter: str
    """Who submitted it, from the credential."""
    policy: str
    """The policy's name."""
    policy_digest: str
    """Its digest, fixed for the run."""
    rules: tuple[AskingRule, ...]
    """The rules that asked."""
    approval: Approval
    """What they ask for, already combined to the tighter."""
    audience: str
    """This service's id."""
    now: int
    """Unix seconds."""


def fresh_id() -> str:
    """Return an id for a hold."""
    return f"hold-{secrets.token_hex(_ID_BYTES)}"


def fresh_nonce() -> str:
    """Return a nonce that cannot be guessed. SECURITY: approvers see it, submitters never."""
    return secrets.token_hex(NONCE_BYTES)


def before_commit(
    hold_id: str, asked: Asked, effects: EffectSet, weighed: Sequence[WeighedEffect]
) -> Hold:
    """Return the hold of a run whose effects a person must see before they land.

    Raises:
        ValueError: What was weighed is not the effect set.
    """
    if tuple(each.effect for each in weighed) != effects.effects:
        raise ValueError("every effect of the set is weighed, in the order of the set")
    return Hold(
        id=hold_id,
        kind=HoldKind.BEFORE_COMMIT,
        verification_id=asked.verification_id,
        workspace=effects.workspace,
        base=effects.base,
        result=effects.result,
        submitter=asked.submitter,
        subject=effect_set_digest(effects),
        policy=asked.policy,
        policy_digest=asked.policy_digest,
        rules=asked.rules,
        required=_required(asked.approval),
        audience=asked.audience,
        created_at=asked.now,
        expires_at=asked.now + asked.approval.ttl_seconds,
        weighed=tuple(weighed),
    )


def before_execution(
    hold_id: str,
    asked: Asked,
    submission: Submission,
    findings: Iterable[HeldFinding],
    *,
    workspace: str = "",
    base: str = "",
) -> Hold:
    """Return the hold of a run that a person must agree to before anything of it runs."""
    program = held_program(submission)
    return Hold(
        id=hold_id,
        kind=HoldKind.BEFORE_EXECUTION,
        verification_id=asked.verification_id,
        workspace=workspace,
        base=base,
        result="",
        submitter=asked.submitter,
        subject=submission_digest(program),
        policy=asked.policy,
        policy_digest=asked.policy_digest,
        rules=asked.rules,
        required=_required(asked.approval),
        audience=asked.audience,
        created_at=asked.now,
        expires_at=asked.now + asked.approval.ttl_seconds,
        program=program,
        findings=tuple(findings),
    )


def _required(approval: Approval) -> RequiredApproval:
    return RequiredApproval(tuple(sorted(approval.groups)), approval.quorum)
