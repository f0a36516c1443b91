"""Ed25519 public keys as they are pinned: PEM files, one key or several.

It needs `assize[approver]`.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from assize.approvals.keys import KeyFault, public_from_raw
from assize.errors import InvalidRequest

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
FILE_MOST_BYTES: Final = 1024 * 1024
_BLOCK: Final = re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL)


class UnusableKey(InvalidRequest):
    """What was named as a public key is none, or cannot be read."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key."""

    raw: bytes
    """Its 32 bytes (RFC 8032)."""

    @property
    def id(self) -> str:
        """Return the SHA-256 of its bytes in hex, by which it is named everywhere."""
        return hashlib.sha256(self.raw).hexdigest()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Tell whether this key signed the message."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> str:
        """Return it as a PEM block (SubjectPublicKeyInfo), which openssl reads as well."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def read_pem(text: str, source: str) -> tuple[PublicKey, ...]:
    """Return the keys of a text with PEM blocks; what is between them is left alone.

    Raises:
        UnusableKey: There is none, or a block is not an Ed25519 public key.
    """
    keys = tuple(_key(block, source) for block in _BLOCK.findall(text))
    if not keys:
        raise UnusableKey(f"{source}: there is no PEM block with a public key")
    return keys


def read_key_file(path: Path) -> tuple[PublicKey, ...]:
    """Return the keys of a file.

    Raises:
        UnusableKey: It cannot be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MOST_BYTES + 1)
    except OSError as error:
        raise UnusableKey(f"{path}: {error.strerror or error}") from error
    if len(data) > FILE_MOST_BYTES:
        raise UnusableKey(f"{path}: more than {FILE_MOST_BYTES} bytes, not a file of keys")
    return read_pem(data.decode("ascii", "replace"), str(path))


def _key(block: str, source: str) -> PublicKey:
    if "PRIVATE" in block.partition("\n")[0]:
        raise UnusableKey(f"{source}: holds a private key; give the public one")
    try:
        key = load_pem_public_key(block.encode("ascii", "replace"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey(f"{source}: not a public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableKey(f"{source}: not an Ed25519 key")
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    try:
        public_from_raw(raw)
    except KeyFault as error:
        raise UnusableKey(f"{source}: {error}") from error
    return PublicKey(raw)
