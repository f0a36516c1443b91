"""Signed decisions: each way to bend one is refused, with its own code."""

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import (  # type: ignore[attr-defined]
    CryptoSigner,
    SSlibKey,
)
from support.approvals import (
    ALICE,
    ALICE_TWO,
    APPROVERS,
    BOB,
    CAROL,
    DAVE,
    NONCE,
    NOW,
    OLD_ALICE,
    POLICY_DIGEST,
    STRANGER,
    TTL_SECONDS,
    approval,
    bundle,
    commit_hold,
    denial,
    execution_hold,
    person,
)

from assize.approvals import tokens
from assize.approvals.envelopes import MOST_ENVELOPE_BYTES, PAYLOAD_TYPE
from assize.approvals.keys import key_id
from assize.approvals.refusals import RefusalCode, Refused
from assize.canonical import canonical
from assize.model.approvals import ApprovalDecision, Bundle, RecordedDecision
from assize_server.core.approvals import Accepted, accepted, quorum_reached
from assize_server.core.approvers import Approvers, ApproversContradiction

SHOWN = bundle()
SOUND = approval(SHOWN)


def judged(
    envelope: bytes,
    shown: Bundle = SHOWN,
    *,
    now: int = NOW + 1,
    approvers: Approvers = APPROVERS,
    policy: str = POLICY_DIGEST,
) -> Accepted:
    """Return what the service makes of an envelope."""
    return accepted(shown, envelope, approvers, now, policy)


def code_of(envelope: bytes, shown: Bundle = SHOWN, **circumstances: Any) -> RefusalCode:
    """Return why an envelope is refused."""
    with pytest.raises(Refused) as caught:
        judged(envelope, shown, **circumstances)
    return caught.value.code


def resealed(change: Callable[[Any], object], key: Ed25519PrivateKey = ALICE) -> bytes:
    """Return the sound statement, changed and signed again by a key that counts."""
    statement = json.loads(base64.b64decode(json.loads(SOUND)["payload"]))
    change(statement)
    return enveloped(canonical(statement), key)


def enveloped(payload: bytes, key: Ed25519PrivateKey = ALICE, kind: str = PAYLOAD_TYPE) -> bytes:
    """Return an envelope of bytes as they are."""
    envelope = Envelope(payload, kind, {})
    public = SSlibKey.from_crypto(key.public_key(), keyid=key_id(key.public_key()))
    envelope.sign(CryptoSigner(key, public))
    return json.dumps(envelope.to_dict()).encode()


def edited(change: Callable[[Any], object]) -> bytes:
    """Return the sound envelope with something in it changed after it was signed."""
    envelope = json.loads(SOUND)
    change(envelope)
    return json.dumps(envelope).encode()


def test_decision_of_a_person_who_may_counts() -> None:
    """The key says who it is."""
    expected = Accepted(
        "alice",
        key_id(ALICE.public_key()),
        ApprovalDecision.APPROVE,
        "looks right",
        NOW + TTL_SECONDS,
    )
    assert judged(SOUND) == expected


def test_decision_before_execution_counts() -> None:
    """The submission's digest stands where the effect set's does."""
    shown = bundle(execution_hold())
    assert judged(approval(shown), shown).person == "alice"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "hold-2"}, RefusalCode.OTHER_HOLD),
        ({"verification_id": "run-2"}, RefusalCode.OTHER_VERIFICATION),
        ({"audience": "another"}, RefusalCode.OTHER_AUDIENCE),
        ({"workspace": "bank"}, RefusalCode.OTHER_WORKSPACE),
        ({"subject": "e" * 64}, RefusalCode.OTHER_SUBJECT),
        ({"base": "e" * 64}, RefusalCode.OTHER_BASE),
        ({"result": "e" * 64}, RefusalCode.OTHER_RESULT),
        ({"policy_digest": "e" * 64}, RefusalCode.OTHER_POLICY),
        ({"submitter": "agent-8"}, RefusalCode.OTHER_SHOWN),
        ({"weighed": SHOWN.hold.weighed[:1]}, RefusalCode.OTHER_SHOWN),
    ],
)
def test_decision_about_something_else_is_refused(
    changes: dict[str, Any], code: RefusalCode
) -> None:
    """A token for A is none for B, whatever differs."""
    assert code_of(approval(bundle(replace(SHOWN.hold, **changes)))) is code


def test_decision_at_another_gate_is_refused() -> None:
    """That something may run does not mean that it may land."""
    kinds = resealed(lambda each: each["predicate"].update(kind="before_execution"))
    assert code_of(kinds) is RefusalCode.MALFORMED_TOKEN


def test_decision_with_another_nonce_is_refused() -> None:
    """Who was not shown the hold cannot decide it."""
    assert code_of(approval(bundle(nonce="00" * 32))) is RefusalCode.WRONG_NONCE


def test_expected_nonce_is_not_told() -> None:
    """A refusal teaches nothing that a decision needs."""
    with pytest.raises(Refused) as caught:
        judged(approval(bundle(nonce="00" * 32)))
    assert NONCE not in str(caught.value)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW - 1, RefusalCode.NOT_YET_VALID),
        (NOW + TTL_SECONDS, RefusalCode.EXPIRED),
        (NOW + 10 * TTL_SECONDS, RefusalCode.EXPIRED),
    ],
)
def test_decision_outside_its_time_is_refused(now: int, code: RefusalCode) -> None:
    """The last second is the one before the end."""
    assert code_of(SOUND, now=now) is code
    assert judged(SOUND, now=NOW + TTL_SECONDS - 1).person == "alice"


def test_decision_that_outlives_the_hold_ends_with_it() -> None:
    """No signature lengthens a hold's life."""
    statement = tokens.statement_of(
        SHOWN, ApprovalDecision.APPROVE, "", not_after=NOW + 100 * TTL_SECONDS
    )
    assert code_of(tokens.signed(statement, ALICE), now=NOW + TTL_SECONDS) is RefusalCode.EXPIRED


def test_decision_for_a_shorter_time_ends_earlier() -> None:
    """An approver may narrow."""
    statement = tokens.statement_of(SHOWN, ApprovalDecision.APPROVE, "", not_after=NOW + 5)
    assert code_of(tokens.signed(statement, ALICE), now=NOW + 5) is RefusalCode.EXPIRED


def test_policy_that_has_changed_since_takes_no_approval() -> None:
    """What the old policy asked says nothing about the new one; a denial still counts."""
    assert code_of(SOUND, policy="e" * 64) is RefusalCode.OTHER_POLICY
    assert judged(denial(SHOWN), policy="e" * 64).decision is ApprovalDecision.DENY


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (STRANGER, RefusalCode.UNKNOWN_KEY),
        (OLD_ALICE, RefusalCode.REVOKED_KEY),
        (DAVE, RefusalCode.NOT_IN_GROUP),
    ],
)
def test_key_that_does_not_count_is_refused(key: Ed25519PrivateKey, code: RefusalCode) -> None:
    """Unknown, revoked, or of a person whom the policy does not ask."""
    assert code_of(approval(SHOWN, key)) is code


def test_any_approver_may_deny_with_a_reason() -> None:
    """A denial only tightens; without a reason nobody learns from it."""
    assert judged(denial(SHOWN, DAVE)).person == "dave"
    mute = approval(SHOWN, DAVE, ApprovalDecision.DENY, " ")
    assert code_of(mute) is RefusalCode.REASON_MISSING


@pytest.mark.parametrize("name", ["alice", "Alice", " ALICE "])
def test_submitter_that_approves_itself_is_refused(name: str) -> None:
    """Whatever the spelling, and for denials too: who asks does not answer."""
    shown = bundle(commit_hold(submitter=name))
    assert code_of(approval(shown), shown) is RefusalCode.SUBMITTER
    assert code_of(denial(shown), shown) is RefusalCode.SUBMITTER


def test_no_group_means_that_nobody_can_approve() -> None:
    """Groups that have nothing in common leave nobody."""
    hold = SHOWN.hold
    shown = bundle(replace(hold, required=replace(hold.required, groups=())))
    assert code_of(approval(shown), shown) is RefusalCode.NOT_IN_GROUP


def test_payload_that_was_tampered_with_is_refused() -> None:
    """The signature is over every byte."""
    statement = json.loads(base64.b64decode(json.loads(SOUND)["payload"]))
    statement["predicate"]["reason"] = "other"
    payload = base64.b64encode(canonical(statement)).decode()
    assert code_of(edited(lambda each: each.update(payload=payload))) is RefusalCode.BAD_SIGNATURE


def test_signature_of_another_key_is_refused() -> None:
    """A key's name is no signature by it."""

    def claim(envelope: Any) -> None:
        envelope["signatures"][0]["keyid"] = key_id(BOB.public_key())

    assert code_of(edited(claim)) is RefusalCode.BAD_SIGNATURE


def test_payload_type_that_was_swapped_is_refused() -> None:
    """Signed as something else, or called something else afterwards."""
    payload = base64.b64decode(json.loads(SOUND)["payload"])
    assert code_of(enveloped(payload, kind="text/plain")) is RefusalCode.WRONG_PAYLOAD_TYPE
    swapped = edited(lambda each: each.update(payloadType="text/plain"))
    assert code_of(swapped) is RefusalCode.WRONG_PAYLOAD_TYPE
    disguised = json.loads(enveloped(payload, kind="text/plain"))
    disguised["payloadType"] = PAYLOAD_TYPE
    assert code_of(json.dumps(disguised).encode()) is RefusalCode.BAD_SIGNATURE


def test_signature_by_another_algorithm_is_refused() -> None:
    """There is no field for an algorithm, and no key of another one."""
    payload = base64.b64decode(json.loads(SOUND)["payload"])
    for key in (
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ):
        envelope = Envelope(payload, PAYLOAD_TYPE, {})
        alias = SSlibKey.from_crypto(key.public_key(), keyid=key_id(ALICE.public_key()))
        envelope.sign(CryptoSigner(key, alias))
        data = json.dumps(envelope.to_dict()).encode()
        assert code_of(data) is RefusalCode.BAD_SIGNATURE
    named = edited(lambda each: each.update(alg="none"))
    assert code_of(named) is RefusalCode.MALFORMED_TOKEN


def test_two_signatures_in_one_envelope_are_refused() -> None:
    """One key twice makes no quorum, and neither do two: each person sends a decision."""

    def double(envelope: Any) -> None:
        envelope["signatures"] *= 2

    assert code_of(edited(double)) is RefusalCode.MALFORMED_TOKEN
    none = edited(lambda each: each.update(signatures=[]))
    assert code_of(none) is RefusalCode.MALFORMED_TOKEN


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe{}",
        b"[" * 50_000,
        b"9" * 50_000,
        b'{"payload":NaN,"payloadType":"","signatures":[]}',
        SOUND[:-1] + b',"payload":"e30="}',
        SOUND[:-1] + b',"more":1}',
        SOUND + b"{}",
        SOUND.replace(b'"sig":"', b'"sig":" '),
        b'{"payload":"\\ud800","payloadType":"","signatures":[]}',
        b'{"payload":{},"payloadType":"","signatures":[]}',
    ],
    ids=range(14),
)
def test_malformed_envelope_is_refused(data: bytes) -> None:
    """Not JSON, twice the same key, an unknown one, another type, another spelling."""
    assert code_of(data) is RefusalCode.MALFORMED_TOKEN


@pytest.mark.parametrize(
    "change",
    [
        lambda each: each.update(more=1),
        lambda each: each.pop("subject"),
        lambda each: each["predicate"].update(admin=True),
        lambda each: each["predicate"].pop("nonce"),
        lambda each: each["predicate"].update(not_after=True),
        lambda each: each["predicate"].update(not_after="1900000000"),
        lambda each: each["predicate"].update(not_after=2**53 - 1, not_before=-1, shown=None),
        lambda each: each["predicate"].update(decision="maybe"),
        lambda each: each["predicate"].update(reason="x" * (tokens.REASON_MOST_CHARS + 1)),
        lambda each: each["subject"].append(each["subject"][0]),
        lambda each: each["subject"][0].update(name="submission"),
        lambda each: each["subject"][0]["digest"].update(md5="00"),
        lambda each: each["subject"][0]["digest"].update(sha256=""),
        lambda each: each.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda each: each.update(predicate=[]),
    ],
)
def test_malformed_statement_is_refused_though_it_is_signed(change: Callable[[Any], None]) -> None:
    """Unknown, missing or double fields, and values of another type."""
    assert code_of(resealed(change)) is RefusalCode.MALFORMED_TOKEN


def test_statement_of_another_kind_is_refused() -> None:
    """A grant, or an attestation of a verdict, approves nothing."""
    other = resealed(lambda each: each.update(predicateType="https://assize.dev/grant/v1"))
    assert code_of(other) is RefusalCode.WRONG_PREDICATE


@pytest.mark.parametrize("spaced", [", ", ",\n"])
def test_payload_that_is_not_canonical_is_refused_though_it_is_signed(spaced: str) -> None:
    """There is one spelling, so that no two readers read two things."""
    payload = base64.b64decode(json.loads(SOUND)["payload"]).decode()
    assert code_of(enveloped(payload.replace(",", spaced, 1).encode())) is (
        RefusalCode.MALFORMED_TOKEN
    )
    twice = payload[:-1] + ',"predicateType":"x"}'
    assert code_of(enveloped(twice.encode())) is RefusalCode.MALFORMED_TOKEN


def test_huge_envelope_is_refused_before_it_is_read() -> None:
    """Its size alone decides."""
    assert code_of(b" " * (MOST_ENVELOPE_BYTES + 1)) is RefusalCode.TOO_LARGE_TOKEN


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the places of all values that hold no others."""
    if isinstance(value, dict):
        return [place for key in value for place in leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [place for key, each in enumerate(value) for place in leaves(each, (*path, key))]
    return [path]


STATEMENT = json.loads(base64.b64decode(json.loads(SOUND)["payload"]))
FREE = {("predicate", "reason"), ("predicate", "not_before"), ("predicate", "decision")}
"""What the signer chooses; the rest is the hold's."""


@given(
    place=st.sampled_from([each for each in leaves(STATEMENT) if each not in FREE]),
    other=st.one_of(st.text(max_size=80), st.integers(-5, NOW), st.none(), st.booleans()),
)
def test_any_field_that_is_changed_is_refused_though_signed_again(
    place: tuple[str | int, ...], other: object
) -> None:
    """Even an approver's own key signs nothing but what the hold is."""
    statement = copy.deepcopy(STATEMENT)
    *parents, last = place
    holder = statement
    for key in parents:
        holder = holder[key]
    if holder[last] == other:
        return
    holder[last] = other
    try:
        payload = canonical(statement)
    except ValueError:
        return
    with pytest.raises(Refused):
        judged(enveloped(payload))


@given(index=st.integers(0, len(SOUND) - 1), value=st.integers(0, 255))
def test_any_byte_that_is_changed_is_refused(index: int, value: int) -> None:
    """Nothing of a token is without meaning."""
    if SOUND[index] == value:
        return
    with pytest.raises(Refused):
        judged(SOUND[:index] + bytes([value]) + SOUND[index + 1 :])


@given(st.binary(max_size=300))
def test_bytes_that_are_no_token_are_refused(data: bytes) -> None:
    """Never another error."""
    with pytest.raises(Refused):
        judged(data)


def recorded(name: str, key: Ed25519PrivateKey, *, approves: bool = True) -> RecordedDecision:
    """Return a decision as it was recorded."""
    decision = ApprovalDecision.APPROVE if approves else ApprovalDecision.DENY
    return RecordedDecision(name, key_id(key.public_key()), decision, "", NOW, NOW + TTL_SECONDS)


TWO = commit_hold(quorum=2)


@pytest.mark.parametrize(
    ("decisions", "reached"),
    [
        ([], False),
        ([recorded("alice", ALICE)], False),
        ([recorded("alice", ALICE), recorded("alice", ALICE)], False),
        ([recorded("alice", ALICE), recorded("alice", ALICE_TWO)], False),
        ([recorded("alice", ALICE), recorded("bob", BOB)], True),
        ([recorded("alice", ALICE), recorded("bob", BOB, approves=False)], False),
        ([recorded("alice", ALICE), recorded("dave", DAVE)], False),
        ([recorded("alice", OLD_ALICE), recorded("bob", BOB)], False),
        ([recorded("bob", ALICE), recorded("alice", ALICE)], False),
        ([recorded("bob", BOB), recorded("carol", CAROL), recorded("alice", ALICE)], True),
    ],
)
def test_quorum_counts_people_who_may(decisions: list[RecordedDecision], *, reached: bool) -> None:
    """Not keys, not groups that were not asked, not keys that were revoked meanwhile."""
    assert quorum_reached(TWO, decisions, APPROVERS, NOW) is reached


def test_quorum_never_counts_the_submitter() -> None:
    """Not even where its decision was recorded by whatever mistake."""
    hold = commit_hold(submitter="Bob", quorum=2)
    decisions = [recorded("alice", ALICE), recorded("bob", BOB)]
    assert not quorum_reached(hold, decisions, APPROVERS, NOW)


def test_quorum_of_nobody_is_never_reached() -> None:
    """A policy that asks nobody has asked for nothing that could be given."""
    assert not quorum_reached(commit_hold(quorum=0), [], APPROVERS, NOW)


@pytest.mark.parametrize(
    "people",
    [
        (person("alice", ("a",), ALICE), person("alice", ("a",), BOB)),
        (person("alice", ("a",), ALICE), person("bob", ("a",), ALICE)),
        (person("agent-7", ("a",), ALICE),),
    ],
)
def test_people_who_would_be_two_are_a_contradiction(people: tuple[Any, ...]) -> None:
    """A name twice, a key twice, or a submitter."""
    with pytest.raises(ApproversContradiction):
        Approvers(people, frozenset({"Agent-7"}))


def test_key_of_a_submitter_is_a_contradiction() -> None:
    """Whoever submits has no key that approves."""
    keys = frozenset({key_id(ALICE.public_key())})
    with pytest.raises(ApproversContradiction):
        Approvers((person("alice", ("a",), ALICE),), submitter_keys=keys)
