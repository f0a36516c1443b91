"""Attestations: verdicts as in-toto Statements in DSSE envelopes, and their verification.

What is signed is canonical JSON (RFC 8785). Its subjects are the SHA-256 of the submission as a
whole, of the spec, and of each file of the source; docs/audit.md has the predicate. There is no
content in it: neither code nor output.

It needs `assize[approver]`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any, Final, cast

import rfc8785
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import Signature, SSlibKey  # type: ignore[attr-defined]

from assize.audit.checkpoints import Sign
from assize.errors import AssizeError
from assize.model.spec import Spec
from assize.model.submission import Submission
from assize.public_keys import PublicKey

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://assize.dev/verdict/v1"
ENVELOPE_MOST_BYTES: Final = 16 * 1024 * 1024
SUBMISSION: Final = "submission"
SPEC: Final = "spec"
SOURCE: Final = "source/"
"""Before the path of each file of the source."""
_EXACT_INTEGERS: Final = range(-(2**53) + 1, 2**53)

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class AttestationRefused(AssizeError):
    """An attestation is malformed, not signed by a pinned key, or about something else."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """A verified statement."""

    subjects: Mapping[str, str]
    """SHA-256 in hex by name: `submission`, `spec`, `source/main.py`."""
    predicate: Mapping[str, Any]
    """What is said about them; docs/audit.md describes it."""

    @property
    def status(self) -> str:
        """Return how the verification ended, such as `PASSED`."""
        return str(self.predicate["status"])

    @property
    def verification_id(self) -> str:
        """Return which verification it was."""
        return str(self.predicate["verification_id"])

    def sources(self) -> Mapping[str, str]:
        """Return the SHA-256 of each file of the source by its path."""
        return {
            name.removeprefix(SOURCE): digest
            for name, digest in self.subjects.items()
            if name.startswith(SOURCE)
        }


def file_digest(content: bytes) -> str:
    """Return what a file of the source is known by."""
    return sha256(content).hexdigest()


def submission_digest(submission: Submission) -> str:
    """Return what a whole submission is known by: its files and how the program is started."""
    return _digest(
        {
            "type": "assize.submission.v1",
            "files": {each.path: file_digest(each.content) for each in submission.files},
            "entry_point": submission.entry_point,
            "arguments": list(submission.arguments),
            "stdin": file_digest(submission.stdin),
            "environment": dict(submission.environment),
        }
    )


def spec_digest(spec: Spec) -> str:
    """Return what a spec is known by.

    What is left at its default is left out, so that a field that comes with a later version changes
    no digest of a spec that does not use it.
    """
    return _digest({"type": "assize.spec.v1", "spec": _described(spec)})


def subjects_of(submission: Submission, spec: Spec) -> dict[str, str]:
    """Return what a verdict is about: SHA-256 in hex by name."""
    files = {f"{SOURCE}{each.path}": file_digest(each.content) for each in submission.files}
    return {SUBMISSION: submission_digest(submission), SPEC: spec_digest(spec), **files}


def signed_statement(
    subjects: Mapping[str, str], predicate: Mapping[str, Json], key: PublicKey, sign: Sign
) -> bytes:
    """Return the envelope of a statement, as JSON."""
    statement: Json = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": dict(predicate),
    }
    envelope = Envelope(rfc8785.dumps(cast("Any", statement)), PAYLOAD_TYPE, {})
    envelope.signatures[key.id] = Signature(key.id, sign(envelope.pae()).hex())
    return json.dumps(envelope.to_dict(), separators=(",", ":")).encode("ascii")


def verify(envelope: bytes, keys: Sequence[PublicKey]) -> Attestation:
    """Return what an envelope attests, once a pinned key is seen to have signed it.

    Raises:
        AttestationRefused: It is malformed, of another type, or no pinned key signed it.
    """
    if len(envelope) > ENVELOPE_MOST_BYTES:
        raise AttestationRefused(f"an attestation of more than {ENVELOPE_MOST_BYTES} bytes")
    try:
        opened = Envelope.from_dict(json.loads(envelope))
        opened.verify([_key(key) for key in keys], 1)
    except VerificationError as error:
        raise AttestationRefused("no pinned key signed the attestation") from error
    except json.JSONDecodeError as error:
        raise AttestationRefused(f"it is not a DSSE envelope: no JSON: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError) as error:
        raise AttestationRefused(f"it is not a DSSE envelope: {error!r:.200}") from error
    if opened.payload_type != PAYLOAD_TYPE:
        raise AttestationRefused(f"its payload is {opened.payload_type!r:.80}, not {PAYLOAD_TYPE}")
    return _attestation(opened.payload)


def _key(key: PublicKey) -> SSlibKey:
    return SSlibKey(key.id, "ed25519", "ed25519", {"public": key.raw.hex()})


def _attestation(payload: bytes) -> Attestation:
    try:
        statement = json.loads(payload.decode("utf-8"))
        canonical = rfc8785.dumps(statement) == payload
        if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise AttestationRefused("it is a statement, but not one about a verdict")
        subjects = {str(each["name"]): _sha256(each["digest"]) for each in statement["subject"]}
        made = Attestation(subjects, statement["predicate"])
        complete = bool(made.status and made.verification_id)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AttestationRefused(f"not an in-toto statement: {error!r:.200}") from error
    if not canonical or not complete or len(subjects) != len(statement["subject"]):
        raise AttestationRefused("the statement is not in canonical form")
    return made


def _sha256(digests: Mapping[str, object]) -> str:
    return str(digests["sha256"])


def _digest(value: Json) -> str:
    return sha256(rfc8785.dumps(cast("Any", value))).hexdigest()


def _described(value: object) -> Json:
    """Return a record, or a value of one, as JSON values that differ where the records differ."""
    match value:
        case Enum():
            return _described(value.value)
        case None | bool() | str():
            return value
        case int():
            return value if value in _EXACT_INTEGERS else {"integer": str(value)}
        case float():
            return value if math.isfinite(value) else {"float": repr(value)}
        case bytes():
            return {"bytes": value.hex()}
        case tuple() | list():
            return [_described(item) for item in value]
        case Mapping():
            return {str(name): _described(item) for name, item in value.items()}
        case _ if is_dataclass(value):
            return {"kind": type(value).__name__, **_members(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")


def _members(record: Any) -> dict[str, Json]:
    given = {each.name: (each, getattr(record, each.name)) for each in fields(record)}
    return {name: _described(value) for name, (each, value) in given.items() if _says(each, value)}


def _says(each: Field[Any], value: object) -> bool:
    """Tell whether a field has another value than its default."""
    if each.default is not MISSING:
        return bool(value != each.default)
    if each.default_factory is not MISSING:
        return bool(value != each.default_factory())
    return True
