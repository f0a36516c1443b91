"""Grants: who may give one, and what it lets through."""

from dataclasses import replace
from typing import Any

import pytest
from support.approvals import (
    ALICE,
    APPROVERS,
    AUDIENCE,
    BOB,
    DAVE,
    NOW,
    OLD_ALICE,
    OWNERS,
    POLICY_DIGEST,
    ROWS_GONE,
    STRANGER,
    SUBMITTER,
    WEIGHED,
    approval,
    bundle,
    grant,
    signed_grant,
)

from assize.approvals.grants import MOST_EFFECTS, MOST_SECONDS
from assize.approvals.keys import key_id
from assize.approvals.refusals import RefusalCode, Refused
from assize.model.approvals import GrantRecord, RequiredApproval
from assize.model.effects import Decision, Effect, EffectKind, WeighedEffect
from assize_server.core.grants import covering, covers, granted


def code_of(envelope: bytes, now: int = NOW) -> RefusalCode:
    """Return why a grant is refused."""
    with pytest.raises(Refused) as caught:
        granted(envelope, APPROVERS, AUDIENCE, now)
    return caught.value.code


def record(person: str = "alice", key: Any = ALICE, **changes: Any) -> GrantRecord:
    """Return a grant as it is stored."""
    return GrantRecord("g", grant(**changes), person, key_id(key.public_key()))


def lets_through(
    given: GrantRecord,
    weighed: tuple[WeighedEffect, ...] = WEIGHED,
    *,
    workspace: str = "shop",
    policy_digest: str = POLICY_DIGEST,
) -> bool:
    """Tell whether the grant lets the run of the tests through."""
    return covers(given, weighed, workspace=workspace, policy_digest=policy_digest, now=NOW)


def held(kind: EffectKind, path: str, source: str = "", rule: str = "ORG-010") -> WeighedEffect:
    """Return an effect that is held."""
    return WeighedEffect(Effect(kind, path, source=source), Decision.HOLD, rule)


def test_grant_of_an_approver_is_taken() -> None:
    """Under the name of whose key it is."""
    taken = granted(signed_grant(), APPROVERS, AUDIENCE, NOW)
    assert (taken.person, taken.grant, taken.used) == ("alice", grant(), 0)


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (signed_grant(STRANGER), RefusalCode.UNKNOWN_KEY),
        (signed_grant(OLD_ALICE), RefusalCode.REVOKED_KEY),
        (signed_grant(audience="another"), RefusalCode.OTHER_AUDIENCE),
        (signed_grant(not_before=NOW + 1), RefusalCode.NOT_YET_VALID),
        (signed_grant(not_after=NOW), RefusalCode.EXPIRED),
        (signed_grant(not_after=NOW + MOST_SECONDS + 1), RefusalCode.TOO_WIDE),
        (signed_grant(most_effects=0), RefusalCode.TOO_WIDE),
        (signed_grant(most_effects=MOST_EFFECTS + 1), RefusalCode.TOO_WIDE),
        (signed_grant(paths=("other/**",)), RefusalCode.TOO_WIDE),
        (signed_grant(paths=("workspace/[a]",)), RefusalCode.MALFORMED_TOKEN),
        (signed_grant(paths=()), RefusalCode.MALFORMED_TOKEN),
        (signed_grant(rules=()), RefusalCode.MALFORMED_TOKEN),
        (signed_grant(rules=("b", "a")), RefusalCode.MALFORMED_TOKEN),
        (signed_grant(nonce="00"), RefusalCode.MALFORMED_TOKEN),
        (approval(bundle()), RefusalCode.WRONG_PREDICATE),
        (signed_grant() + b" ", None),
    ],
    ids=range(16),
)
def test_grant_that_may_not_be_given_is_refused(envelope: bytes, code: RefusalCode | None) -> None:
    """By an unknown key, for elsewhere, too long, too wide, or of no sound form."""
    if code is None:
        assert granted(envelope, APPROVERS, AUDIENCE, NOW).person == "alice"
    else:
        assert code_of(envelope) is code


def test_grant_lets_through_what_it_names() -> None:
    """Two rules, two paths, three of ten effects: a row counts like a file."""
    assert lets_through(record())
    assert lets_through(record(most_effects=3))


@pytest.mark.parametrize(
    "given",
    [
        record(most_effects=2),
        replace(record(), used=8),
        replace(record(), revoked_at=NOW),
        record(rules=("ORG-010",)),
        record(paths=("workspace/data/**",)),
        record(not_after=NOW),
        record(not_before=NOW + 1),
    ],
    ids=range(7),
)
def test_grant_that_does_not_reach_lets_nothing_through(given: GrantRecord) -> None:
    """Too few effects, used up, revoked, another rule, another path, another time."""
    assert not lets_through(given)


def test_grant_counts_for_its_workspace_and_policy() -> None:
    """A policy that changed ends it."""
    assert not lets_through(record(), workspace="bank")
    assert not lets_through(record(), policy_digest="e" * 64)


@pytest.mark.parametrize(
    "weighed",
    [
        (),
        (WeighedEffect(ROWS_GONE, Decision.ALLOW, "ORG-010"),),
        (*WEIGHED, WeighedEffect(ROWS_GONE, Decision.DENY, "ORG-011")),
        (held(EffectKind.FS_RENAME_OVER, "data/a.csv", source="elsewhere/b.csv"),),
        (held(EffectKind.FS_RENAME_OVER, "elsewhere/a.csv", source="data/b.csv"),),
        (held(EffectKind.FS_SPECIAL, "data/fifo"),),
        (held(EffectKind.DB_UNATTRIBUTABLE, "data/x.db"),),
        (held(EffectKind.FS_DELETE, "database/a.csv"),),
    ],
    ids=range(8),
)
def test_effects_that_a_grant_never_lets_through(weighed: tuple[WeighedEffect, ...]) -> None:
    """Nothing held, something denied, half a rename, or what nobody can look at."""
    assert not lets_through(record(), weighed=weighed)


def test_rename_within_the_paths_is_let_through() -> None:
    """Both of its ends are granted."""
    moved = held(EffectKind.FS_RENAME_OVER, "data/a.csv", source="data/b.csv")
    assert lets_through(record(), weighed=(moved,))


def chosen(*records: GrantRecord, quorum: int = 1, submitter: str = SUBMITTER) -> tuple[str, ...]:
    """Return whose grants stand for the approval."""
    found = covering(
        records,
        WEIGHED,
        RequiredApproval((OWNERS,), quorum),
        APPROVERS,
        submitter=submitter,
        workspace="shop",
        policy_digest=POLICY_DIGEST,
        now=NOW,
    )
    return tuple(each.person for each in found)


def test_grant_is_one_approval_of_somebody_who_may() -> None:
    """Of another group, by a revoked key, by the submitter: none."""
    assert chosen(record()) == ("alice",)
    assert chosen(record("dave", DAVE)) == ()
    assert chosen(record("alice", OLD_ALICE)) == ()
    assert chosen(record(), submitter="Alice") == ()


def test_quorum_of_two_takes_grants_of_two_people() -> None:
    """Two grants of one person are one approval."""
    assert chosen(record(), record(nonce="1f" * 16), quorum=2) == ()
    assert chosen(record(), record("bob", BOB), quorum=2) == ("alice", "bob")
    assert chosen(record(), quorum=0) == ()
