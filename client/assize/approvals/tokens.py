"""Approval tokens: what a person signs to approve or deny one hold.

An in-toto Statement v1 whose subject is the digest of the effect set (before execution: of the
submission), and whose predicate names everything else that the decision is about. Pure: keys and
times are passed in.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assize.approvals.digests import shown_digest
from assize.approvals.documents import malformed, record_of
from assize.approvals.envelopes import STATEMENT_TYPE, Signed, sealed
from assize.approvals.refusals import RefusalCode, Refused
from assize.canonical import DIGEST_CHARS, Json, plain
from assize.model.approvals import ApprovalDecision, Bundle, HoldKind

APPROVAL_PREDICATE: Final = "https://assize.dev/approval/v1"
REASON_MOST_CHARS: Final = 1000
SUBJECT_NAMES: Final = {
    HoldKind.BEFORE_COMMIT: "effect-set",
    HoldKind.BEFORE_EXECUTION: "submission",
}


@dataclass(frozen=True, slots=True)
class Approval:
    """The predicate: what is decided, and all that the decision is bound to."""

    hold: str
    """The hold's id."""
    kind: HoldKind
    """At which gate it waits."""
    verification: str
    """The run."""
    workspace: str
    """Where the effects would land."""
    base: str
    """The snapshot that they were weighed against."""
    result: str
    """The snapshot that they make."""
    policy: str
    """The digest of the policy that asked."""
    audience: str
    """The service that the decision is meant for."""
    not_before: int
    """Unix seconds; not valid before."""
    not_after: int
    """Unix seconds; not valid from then on."""
    nonce: str
    """The hold's, which only approvers are shown."""
    decision: ApprovalDecision
    """The answer."""
    reason: str
    """Why."""
    shown: str
    """The digest of what the person was shown."""


@dataclass(frozen=True, slots=True)
class _Digest:
    sha256: str


@dataclass(frozen=True, slots=True)
class _Subject:
    name: str
    digest: _Digest


@dataclass(frozen=True, slots=True)
class _Head:
    """A statement without its predicate."""

    _type: str
    predicateType: str  # noqa: N815 - in-toto's own name
    subject: tuple[_Subject, ...]


@dataclass(frozen=True, slots=True)
class ApprovalStatement:
    """A statement about one hold."""

    subject: str
    """The digest of what is decided about."""
    approval: Approval
    """The decision."""


def statement_of(
    bundle: Bundle,
    decision: ApprovalDecision,
    reason: str,
    *,
    not_before: int | None = None,
    not_after: int | None = None,
) -> ApprovalStatement:
    """Return the statement of a decision about a bundle; it is valid as long as the hold waits."""
    hold = bundle.hold
    approval = Approval(
        hold=hold.id,
        kind=hold.kind,
        verification=hold.verification_id,
        workspace=hold.workspace,
        base=hold.base,
        result=hold.result,
        policy=hold.policy_digest,
        audience=hold.audience,
        not_before=hold.created_at if not_before is None else not_before,
        not_after=hold.expires_at if not_after is None else not_after,
        nonce=bundle.nonce,
        decision=decision,
        reason=reason,
        shown=shown_digest(hold),
    )
    return ApprovalStatement(hold.subject, approval)


def signed(statement: ApprovalStatement, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope of a statement, signed by the key."""
    name = SUBJECT_NAMES[statement.approval.kind]
    head: Json = {"name": name, "digest": {"sha256": statement.subject}}
    return sealed(
        {
            "_type": STATEMENT_TYPE,
            "subject": [head],
            "predicateType": APPROVAL_PREDICATE,
            "predicate": plain(statement.approval),
        },
        key,
    )


def approval_of(envelope: Signed) -> ApprovalStatement:
    """Return what an envelope says; whether it is true is not looked at.

    Raises:
        Refused: It says something of another form.
    """
    predicate, (name, digest) = predicate_of(envelope, APPROVAL_PREDICATE)
    approval = record_of(Approval, predicate)
    if name != SUBJECT_NAMES[approval.kind]:
        raise malformed(f"the subject must be called {SUBJECT_NAMES[approval.kind]}")
    if len(approval.reason) > REASON_MOST_CHARS:
        raise malformed(f"a reason has at most {REASON_MOST_CHARS} characters")
    return ApprovalStatement(digest, approval)


def predicate_of(envelope: Signed, kind: str) -> tuple[object, tuple[str, str]]:
    """Return the predicate of a statement of the kind, and its one subject's name and digest.

    Raises:
        Refused: It is no such statement.
    """
    statement = envelope.statement
    if not isinstance(statement, dict) or "predicate" not in statement:
        raise malformed("the payload is no statement with a predicate")
    head = record_of(_Head, {key: statement[key] for key in statement if key != "predicate"})
    if head._type != STATEMENT_TYPE:  # noqa: SLF001 - in-toto's own name
        raise malformed(f"_type must be {STATEMENT_TYPE}")
    if head.predicateType != kind:
        text = f"expected {kind}, got {head.predicateType[:80]!r}"
        raise Refused(RefusalCode.WRONG_PREDICATE, text)
    if len(head.subject) != 1 or len(head.subject[0].digest.sha256) != DIGEST_CHARS:
        raise malformed("a statement has one subject with one SHA-256")
    return statement["predicate"], (head.subject[0].name, head.subject[0].digest.sha256)
