"""Attestations: digests of what was judged, envelopes, and what is refused."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from assize import attest
from assize.attest import AttestationRefused, signed_statement, spec_digest, submission_digest
from assize.convert.spec import spec_from_proto, spec_to_proto
from assize.model.spec import Check, Exact, ExitCode, Numeric, Spec, Stdout
from assize.model.submission import SourceFile, Submission
from assize.public_keys import PublicKey, UnusableKey, read_pem

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x04" * 32)
KEY = PublicKey(PRIVATE.public_key().public_bytes_raw())
OTHER_PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
OTHER = PublicKey(OTHER_PRIVATE.public_key().public_bytes_raw())
SUBJECTS = {"submission": "1" * 64, "spec": "2" * 64, "source/a.py": "3" * 64}
PREDICATE: dict[str, attest.Json] = {"status": "PASSED", "verification_id": "v1"}
ENVELOPE = signed_statement(SUBJECTS, PREDICATE, KEY, PRIVATE.sign)
SUBMISSION = Submission((SourceFile("a.py", b"print(1)"),), entry_point="a.py")
SPEC = Spec((Check("out", Stdout(Numeric("1.5", 1e-9))), Check("code", ExitCode(0))))


def reopened(change: Callable[[dict[str, Any]], object], *, sign: bool = False) -> bytes:
    """Return the envelope with its statement changed, signed anew or not."""
    envelope = json.loads(ENVELOPE)
    statement = json.loads(base64.b64decode(envelope["payload"]))
    change(statement)
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    return packed(payload, PRIVATE) if sign else packed(payload, None)


def packed(payload: bytes, private: Ed25519PrivateKey | None, kind: str = "") -> bytes:
    """Return an envelope around any payload, with the old signature or a new one."""
    envelope = json.loads(ENVELOPE)
    envelope["payload"] = base64.b64encode(payload).decode()
    envelope["payloadType"] = kind = kind or attest.PAYLOAD_TYPE
    if private is not None:
        encoded = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
        envelope["signatures"][0]["sig"] = base64.b64encode(private.sign(encoded)).decode()
    return json.dumps(envelope).encode()


def test_signed_statement_is_read_back() -> None:
    """By its key, or with it among others."""
    for keys in ([KEY], [OTHER, KEY]):
        found = attest.verify(ENVELOPE, keys)
        assert (dict(found.subjects), dict(found.predicate)) == (SUBJECTS, PREDICATE)
        assert (found.status, found.verification_id) == ("PASSED", "v1")
        assert found.sources() == {"a.py": "3" * 64}


def test_statement_has_the_published_form() -> None:
    """In-toto Statement v1 in DSSE, as other tools read them; the payload is canonical JSON."""
    envelope = json.loads(ENVELOPE)
    assert set(envelope) == {"payload", "payloadType", "signatures"}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://assize.dev/verdict/v1"
    assert statement["subject"][0] == {"name": "submission", "digest": {"sha256": "1" * 64}}


@pytest.mark.parametrize("keys", [[], [OTHER]])
def test_statement_of_a_key_that_is_not_pinned_is_refused(keys: list[PublicKey]) -> None:
    """Whatever it says of its key."""
    with pytest.raises(AttestationRefused):
        attest.verify(ENVELOPE, keys)


def test_key_id_is_no_proof() -> None:
    """A stranger's signature under the pinned key's name."""
    payload = base64.b64decode(json.loads(ENVELOPE)["payload"])
    with pytest.raises(AttestationRefused, match="no pinned key"):
        attest.verify(packed(payload, OTHER_PRIVATE), [KEY])


@pytest.mark.parametrize(
    "change",
    [
        lambda each: each["predicate"].update(status="FAILED"),
        lambda each: each["predicate"].update(added=1),
        lambda each: each["subject"][0]["digest"].update(sha256="9" * 64),
        lambda each: each["subject"].pop(),
    ],
)
def test_changed_statement_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    """Any of it."""
    with pytest.raises(AttestationRefused, match="no pinned key"):
        attest.verify(reopened(change), [KEY])
    assert reopened(lambda _: None) != ENVELOPE
    attest.verify(reopened(lambda _: None), [KEY])


@pytest.mark.parametrize(
    "change",
    [
        lambda each: each.update(predicateType="https://example.com/approval"),
        lambda each: each.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda each: each["predicate"].pop("status"),
        lambda each: each["predicate"].update(status=""),
        lambda each: each["subject"].append(each["subject"][0]),
        lambda each: each.update(subject=[{"name": "spec", "digest": {"sha1": "1"}}]),
        lambda each: each.update(predicate=None),
    ],
)
def test_another_statement_of_the_same_key_is_no_verdict(
    change: Callable[[dict[str, Any]], object],
) -> None:
    """Well signed, and about something else or of another form."""
    with pytest.raises(AttestationRefused):
        attest.verify(reopened(change, sign=True), [KEY])


def test_payload_type_is_signed_with_the_payload() -> None:
    """Another type, with the old signature or a good one, is refused."""
    payload = base64.b64decode(json.loads(ENVELOPE)["payload"])
    for private in (None, PRIVATE):
        with pytest.raises(AttestationRefused):
            attest.verify(packed(payload, private, "application/json"), [KEY])


def test_two_spellings_of_one_statement_are_not_both_taken() -> None:
    """A key twice, or spaces: readers could differ."""
    payload = base64.b64decode(json.loads(ENVELOPE)["payload"])
    twice = payload.replace(b'"status":', b'"status":"FAILED","status":', 1)
    for other in (twice, payload + b" "):
        with pytest.raises(AttestationRefused, match="canonical"):
            attest.verify(packed(other, PRIVATE), [KEY])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_else_is_refused_and_nothing_worse(data: bytes) -> None:
    """Envelopes come from anybody."""
    with pytest.raises(AttestationRefused):
        attest.verify(data, [KEY])


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"payload": 1}',
        b"null",
        b'{"payload":"","payloadType":1,"signatures":[{"keyid":"x","sig":"!"}]}',
    ],
)
def test_hostile_envelopes_are_refused(data: bytes) -> None:
    """Deep, of other types, with signatures that are none."""
    with pytest.raises(AttestationRefused):
        attest.verify(data, [KEY])


@pytest.mark.parametrize(
    "changed",
    [
        replace(SUBMISSION, files=(SourceFile("a.py", b"print(2)"),)),
        replace(SUBMISSION, files=(SourceFile("b.py", b"print(1)"),)),
        replace(SUBMISSION, entry_point=None),
        replace(SUBMISSION, arguments=("x",)),
        replace(SUBMISSION, stdin=b"x"),
        replace(SUBMISSION, environment={"A": "1"}),
    ],
)
def test_whatever_changes_a_run_changes_the_submissions_digest(changed: Submission) -> None:
    """Content, names, and how the program is started."""
    assert submission_digest(changed) != submission_digest(SUBMISSION)


@pytest.mark.parametrize(
    "changed",
    [
        Spec((Check("out", Stdout(Exact("1.5"))), Check("code", ExitCode(0)))),
        Spec((Check("out", Stdout(Numeric("1.5", 2e-9))), Check("code", ExitCode(0)))),
        Spec((Check("out", Stdout(Numeric("1.5", 1e-9))), Check("code", ExitCode(1)))),
        Spec((Check("code", ExitCode(0)), Check("out", Stdout(Numeric("1.5", 1e-9))))),
        Spec((Check("out", Stdout(Numeric("1.5", 1e-9))),)),
    ],
)
def test_whatever_changes_a_spec_changes_its_digest(changed: Spec) -> None:
    """Kinds, values, order."""
    assert spec_digest(changed) != spec_digest(SPEC)


def test_client_and_service_digest_a_spec_alike() -> None:
    """It has been over the wire."""
    assert spec_digest(spec_from_proto(spec_to_proto(SPEC))) == spec_digest(SPEC)


def test_digests_do_not_change() -> None:
    """An attestation of yesterday is about the same files tomorrow."""
    assert submission_digest(SUBMISSION) == (
        "816bd593508e88fbacd957f93330ce231dd47ed8020ebbdbee04b7be021a0ef8"
    )
    assert spec_digest(SPEC) == "5275b9de17680c23c616969c9b85a2cc59574f4de7cf64cfda4b1e364174fdcb"


def test_public_keys_are_read_from_pem_and_nothing_else_is() -> None:
    """Several in a file, with text between; a private key by mistake is said to be one."""
    text = f"the current one\n{KEY.pem()}\nthe one before\n{OTHER.pem()}"
    assert read_pem(text, "keys") == (KEY, OTHER)
    for wrong in ("", "ssh-ed25519 AAAA", KEY.pem().replace("MCow", "MCox")):
        with pytest.raises(UnusableKey):
            read_pem(wrong, "keys")
    with pytest.raises(UnusableKey, match="small order"):
        read_pem(PublicKey(b"\x01" + bytes(31)).pem(), "keys")
    private = "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"
    with pytest.raises(UnusableKey, match="private key"):
        read_pem(private, "keys")
