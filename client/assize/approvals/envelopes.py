"""DSSE envelopes: one payload, one Ed25519 signature, read strictly.

https://github.com/secure-systems-lab/dsse. Of what DSSE leaves open, one form is taken: exactly the
keys `payload`, `payloadType` and `signatures`, one signature with `keyid` and `sig`, Base64 in its
one canonical spelling, and a payload that is the canonical JSON (RFC 8785) of what it says.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from rfc8785 import CanonicalizationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError

# Its typed package re-exports them without saying so.
from securesystemslib.signer import (  # type: ignore[attr-defined]
    CryptoSigner,
    Signature,
    SSlibKey,
)

from assize.approvals.documents import malformed, parsed, record_of
from assize.approvals.keys import key_id
from assize.approvals.refusals import RefusalCode, Refused
from assize.canonical import Json, canonical

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
MOST_ENVELOPE_BYTES: Final = 64 * 1024
"""Sound ones have about two thousand bytes."""


@dataclass(frozen=True, slots=True)
class Signed:
    """An envelope that is of the right form; whose signature it is was not looked at."""

    payload: bytes
    """The canonical JSON of the statement."""
    statement: object
    """What it says, as plain values."""
    key_id: str
    """The key that it names."""
    signature: bytes
    """What that key is said to have made."""


@dataclass(frozen=True, slots=True)
class _SignatureForm:
    keyid: str
    sig: str


@dataclass(frozen=True, slots=True)
class _EnvelopeForm:
    payload: str
    payloadType: str  # noqa: N815 - DSSE's own name
    signatures: tuple[_SignatureForm, ...]


def sealed(statement: Json, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope of a statement, signed by the key."""
    envelope = Envelope(canonical(statement), PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, _known_as(key.public_key())))
    return canonical(envelope.to_dict())


def opened(envelope: bytes) -> Signed:
    """Read an envelope whose signature is still to be verified.

    Raises:
        Refused: It is too large, of another form, or of another payload type.
    """
    if len(envelope) > MOST_ENVELOPE_BYTES:
        text = f"at most {MOST_ENVELOPE_BYTES} bytes are read, got {len(envelope)}"
        raise Refused(RefusalCode.TOO_LARGE_TOKEN, text)
    form = record_of(_EnvelopeForm, parsed(envelope))
    if form.payloadType != PAYLOAD_TYPE:
        text = f"expected {PAYLOAD_TYPE}, got {form.payloadType[:80]!r}"
        raise Refused(RefusalCode.WRONG_PAYLOAD_TYPE, text)
    if len(form.signatures) != 1:
        raise malformed(f"an envelope has one signature, got {len(form.signatures)}")
    payload = _bytes(form.payload, "payload")
    (signature,) = form.signatures
    statement = parsed(payload)
    _require_canonical(payload, statement)
    return Signed(payload, statement, signature.keyid, _bytes(signature.sig, "sig"))


def require_signed(signed: Signed, key: Ed25519PublicKey) -> None:
    """Refuse an envelope that the key did not sign.

    Raises:
        Refused: BAD_SIGNATURE.
    """
    known = _known_as(key)
    signature = Signature(signed.key_id, signed.signature.hex())
    envelope = Envelope(signed.payload, PAYLOAD_TYPE, {signed.key_id: signature})
    try:
        envelope.verify([known], threshold=1)
    except (VerificationError, UnverifiedSignatureError, ValueError) as error:
        text = f"key {signed.key_id[:12]!r} did not sign this"
        raise Refused(RefusalCode.BAD_SIGNATURE, text) from error


def _known_as(key: Ed25519PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key, keyid=key_id(key))


def _bytes(text: str, place: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed(f"{place} is no Base64") from error
    if base64.b64encode(data).decode() != text:
        raise malformed(f"{place} is not the one spelling of its Base64")
    return data


def _require_canonical(payload: bytes, statement: object) -> None:
    try:
        again = canonical(statement)  # type: ignore[arg-type]  # parsed JSON without fractions
    except (CanonicalizationError, ValueError) as error:
        raise malformed("the payload has no canonical form") from error
    if again != payload:
        raise malformed("the payload is not in its canonical form (RFC 8785)")
