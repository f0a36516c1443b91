"""Keys of approvers: Ed25519 and nothing else, on disk only encrypted and for one user's eyes."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from assize.errors import InvalidRequest

PASSPHRASE_LEAST_CHARS: Final = 8
RAW_BYTES: Final = 32
"""Of an Ed25519 public key."""
_MOST_FILE_BYTES: Final = 16 * 1024
# Points of small order, the sign bit left out (RFC 8032 keys never are): for such a key anybody can
# make signatures. The list is the one of libsodium's `ge25519_has_small_order`.
_WEAK: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyFault(InvalidRequest):
    """A key, its file or its passphrase cannot be used."""


def generate() -> Ed25519PrivateKey:
    """Return a new private key."""
    return Ed25519PrivateKey.generate()


def key_id(public: Ed25519PublicKey) -> str:
    """Return what names a key: SHA-256 of its DER form (SubjectPublicKeyInfo)."""
    return hashlib.sha256(
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def public_pem(public: Ed25519PublicKey) -> str:
    """Return a public key as it is written in `approvers.yaml`."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_from_pem(text: str) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        KeyFault: It is no PEM, or of another algorithm than Ed25519.
    """
    try:
        found = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFault("not a public key in PEM form") from error
    if not isinstance(found, Ed25519PublicKey):
        raise KeyFault("not an Ed25519 key; no other algorithm is taken")
    return public_from_raw(raw_public(found))


def public_from_raw(raw: bytes) -> Ed25519PublicKey:
    """Read the 32 bytes of a public key.

    Raises:
        KeyFault: They are not 32, or anybody could sign for such a key.
    """
    if len(raw) != RAW_BYTES:
        raise KeyFault(f"an Ed25519 public key has {RAW_BYTES} bytes, got {len(raw)}")
    if bytes((*raw[:-1], raw[-1] & 0x7F)) in _WEAK:
        raise KeyFault("a point of small order is no key: anybody could sign for it")
    return Ed25519PublicKey.from_public_bytes(raw)


def raw_public(public: Ed25519PublicKey) -> bytes:
    """Return the 32 bytes of a public key."""
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def write_private(path: Path, key: Ed25519PrivateKey, passphrase: str) -> None:
    """Write a private key, encrypted, to a file that did not exist and that only this user reads.

    Raises:
        KeyFault: The passphrase is too short, or the file is there or cannot be written.
    """
    if len(passphrase) < PASSPHRASE_LEAST_CHARS:
        raise KeyFault(f"the passphrase needs at least {PASSPHRASE_LEAST_CHARS} characters")
    encryption = BestAvailableEncryption(passphrase.encode())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError as error:
        raise KeyFault(f"{path} is there already, and is not overwritten: name another") from error
    except OSError as error:
        raise KeyFault(f"{path}: {error.strerror or error}") from error


def read_private(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        KeyFault: Others may read the file, it is no encrypted Ed25519 key, or the passphrase is
            another.
    """
    pem = _private_bytes(path)
    try:
        found = load_pem_private_key(pem, passphrase.encode())
    except TypeError as error:
        raise KeyFault(f"{path}: the key is not encrypted; make one with keygen") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFault(f"{path}: not a private key, or another passphrase; try again") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyFault(f"{path}: not an Ed25519 key; no other algorithm is taken")
    return found


def _private_bytes(path: Path) -> bytes:
    """Read the file that the check was about: opened once, checked by its descriptor."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _require_private(path, os.fstat(descriptor))
            return file.read(_MOST_FILE_BYTES)
    except FileNotFoundError as error:
        text = f"there is no key at {path}: make one with `assize approvals keygen`, or name it"
        raise KeyFault(f"{text} with --key or ASSIZE_KEY") from error
    except OSError as error:
        raise KeyFault(f"{path}: {error.strerror or error}") from error


def _require_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyFault(f"{path}: not a regular file")
    if found.st_mode & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise KeyFault(f"{path}: others may use it (mode {mode:04o}); chmod 600 it")
    if found.st_uid != os.geteuid():
        raise KeyFault(f"{path}: it belongs to another user ({found.st_uid})")
