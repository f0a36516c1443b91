"""People with keys, and holds for them to decide."""

from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assize.approvals import grants, tokens
from assize.approvals.keys import key_id
from assize.model.approvals import (
    ApprovalDecision,
    AskingRule,
    Bundle,
    Grant,
    HeldFinding,
    Hold,
)
from assize.model.effects import (
    Decision,
    Effect,
    EffectKind,
    EffectSet,
    FileState,
    FileType,
    RowChange,
    WeighedEffect,
)
from assize.model.submission import SourceFile, Submission
from assize_server.approvals.drafts import Asked, before_commit, before_execution
from assize_server.core.approvers import Approvers, Person
from assize_server.core.rules import Approval

NOW: Final = 1_800_000_000
TTL_SECONDS: Final = 900
AUDIENCE: Final = "assize-test"
POLICY: Final = "default"
POLICY_DIGEST: Final = "b" * 64
BASE: Final = "1" * 64
RESULT: Final = "2" * 64
NONCE: Final = "5a" * 32
SUBMITTER: Final = "agent-7"


def private_key(number: int) -> Ed25519PrivateKey:
    """Return a key that is the same each time."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


ALICE, ALICE_TWO, BOB, CAROL, DAVE, STRANGER, OLD_ALICE = (private_key(n) for n in range(1, 8))
"""Alice has two keys and a revoked one, Dave is of another group, the stranger is nobody."""


def person(name: str, groups: tuple[str, ...], *keys: Ed25519PrivateKey) -> Person:
    """Return a person with keys."""
    public = [key.public_key() for key in keys]
    return Person(name, frozenset(groups), {key_id(each): each for each in public})


OWNERS: Final = "data-owners"
APPROVERS: Final = Approvers(
    people=(
        replace(
            person("alice", (OWNERS,), ALICE, ALICE_TWO),
            revoked={key_id(OLD_ALICE.public_key()): "2026-01-31"},
        ),
        person("bob", (OWNERS,), BOB),
        person("carol", (OWNERS, "security"), CAROL),
        person("dave", ("security",), DAVE),
    ),
    submitters=frozenset({SUBMITTER}),
)


def file_state(content_digest: str = "c" * 64, size_bytes: int = 3) -> FileState:
    """Return what stands at a path where a file is."""
    return FileState(FileType.FILE, 0o644, size_bytes, content_digest)


CREATED: Final = Effect(
    EffectKind.FS_CREATE, "b.txt", after=file_state(), diff="--- \n+++ b.txt\n+hi\n"
)
DELETED: Final = Effect(EffectKind.FS_DELETE, "data/a.csv", before=file_state("d" * 64))
ROWS_GONE: Final = Effect(
    EffectKind.DB_DELETE,
    "app.db",
    table="main.users",
    count=2,
    rows=(RowChange((("id", "1"),), before=(("id", "1"), ("name", "'ann'"))),),
)
EFFECTS: Final = EffectSet("shop", BASE, RESULT, (ROWS_GONE, CREATED, DELETED))
WEIGHED: Final = (
    WeighedEffect(ROWS_GONE, Decision.HOLD, "ORG-020", "Rows are shown."),
    WeighedEffect(CREATED, Decision.ALLOW, "ORG-001"),
    WeighedEffect(DELETED, Decision.HOLD, "ORG-010", "Losing content needs a person."),
)
PROGRAM: Final = Submission(
    (SourceFile("main.py", b"import shutil\nshutil.rmtree('x')\n"),), entry_point="main.py"
)


def asked(
    run: str = "run-1", *, submitter: str = SUBMITTER, quorum: int = 1, now: int = NOW
) -> Asked:
    """Return who asks whom."""
    return Asked(
        verification_id=run,
        submitter=submitter,
        policy=POLICY,
        policy_digest=POLICY_DIGEST,
        rules=(AskingRule("ORG-010", "Losing content needs a person."),),
        approval=Approval(frozenset({OWNERS}), quorum, TTL_SECONDS),
        audience=AUDIENCE,
        now=now,
    )


def commit_hold(number: int = 1, **changes: object) -> Hold:
    """Return a hold before a commit; each number is another run's."""
    made = asked(f"run-{number}", **changes)  # type: ignore[arg-type]
    return before_commit(f"hold-{number}", made, EFFECTS, WEIGHED)


def execution_hold(number: int = 1, **changes: object) -> Hold:
    """Return a hold before execution."""
    made = asked(f"run-{number}", **changes)  # type: ignore[arg-type]
    findings = [HeldFinding("STATIC-1", "main.py", 2, "removes a folder")]
    return before_execution(f"hold-x{number}", made, PROGRAM, findings)


def bundle(hold: Hold | None = None, nonce: str = NONCE) -> Bundle:
    """Return what an approver gets."""
    return Bundle(hold or commit_hold(), nonce)


def approval(
    shown: Bundle,
    key: Ed25519PrivateKey = ALICE,
    decision: ApprovalDecision = ApprovalDecision.APPROVE,
    reason: str = "looks right",
) -> bytes:
    """Return a signed decision."""
    return tokens.signed(tokens.statement_of(shown, decision, reason), key)


def denial(shown: Bundle, key: Ed25519PrivateKey = ALICE) -> bytes:
    """Return a signed denial."""
    return approval(shown, key, ApprovalDecision.DENY, "not today")


def grant(**changes: object) -> Grant:
    """Return a grant for what the rule ORG-010 and ORG-020 ask, in the workspace `shop`."""
    made = Grant(
        workspace="shop",
        policy_digest=POLICY_DIGEST,
        rules=("ORG-010", "ORG-020"),
        paths=("workspace/app.db", "workspace/data/**"),
        most_effects=10,
        audience=AUDIENCE,
        not_before=NOW,
        not_after=NOW + 3600,
        nonce="0f" * 16,
        reason="migration this afternoon",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def signed_grant(key: Ed25519PrivateKey = ALICE, **changes: object) -> bytes:
    """Return a signed grant."""
    return grants.signed(grant(**changes), key)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: int = NOW

    def __call__(self) -> int:
        """Return the time."""
        return self.now
