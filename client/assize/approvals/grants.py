"""Grants: a person's signature ahead, for some holds of one workspace and a few hours.

An in-toto Statement v1 whose subject is the policy that the grant is for. Pure: keys and times are
passed in.
"""

import secrets
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assize.approvals.documents import malformed, record_of
from assize.approvals.envelopes import STATEMENT_TYPE, Signed, sealed
from assize.approvals.tokens import REASON_MOST_CHARS, predicate_of
from assize.canonical import plain
from assize.model.approvals import Grant

GRANT_PREDICATE: Final = "https://assize.dev/grant/v1"
SUBJECT_NAME: Final = "policy"
MOST_SECONDS: Final = 8 * 60 * 60
"""The longest that a grant lasts."""
MOST_EFFECTS: Final = 10_000
"""The most effects that one grant lets through."""
MOST_ENTRIES: Final = 64
"""Rules, or globs, of one grant."""
NONCE_BYTES: Final = 16


def fresh_nonce() -> str:
    """Return a nonce that nobody has had."""
    return secrets.token_hex(NONCE_BYTES)


def signed(grant: Grant, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope of a grant, signed by the key."""
    return sealed(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": SUBJECT_NAME, "digest": {"sha256": grant.policy_digest}}],
            "predicateType": GRANT_PREDICATE,
            "predicate": plain(grant),
        },
        key,
    )


def grant_of(envelope: Signed) -> Grant:
    """Return the grant that an envelope holds; whether it may be given is not looked at.

    Raises:
        Refused: It holds something of another form.
    """
    predicate, (name, digest) = predicate_of(envelope, GRANT_PREDICATE)
    grant = record_of(Grant, predicate)
    if (name, digest) != (SUBJECT_NAME, grant.policy_digest):
        raise malformed("the subject must be the policy that the grant is for")
    if len(grant.nonce) != 2 * NONCE_BYTES or len(grant.reason) > REASON_MOST_CHARS:
        raise malformed("the nonce or the reason is not of the right length")
    for entries in (grant.rules, grant.paths):
        if not 1 <= len(entries) <= MOST_ENTRIES or list(entries) != sorted(set(entries)):
            raise malformed(f"rules and paths are 1 to {MOST_ENTRIES} each, sorted, none twice")
    return grant
