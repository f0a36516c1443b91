"""Signed checkpoints of the log: C2SP `tlog-checkpoint` in a C2SP `signed-note`, Ed25519.

    <origin>
    <number of entries>
    <root of the Merkle tree, Base64>

    — <origin> <Base64 of the key's four-byte id and the signature>

The form is that of <https://c2sp.org/tlog-checkpoint> and <https://c2sp.org/signed-note>, so that
other tools and witnesses read it. Signatures of keys that were not pinned are passed over, as the
format asks; a note without a good one of a pinned key says nothing.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from assize.errors import AssizeError
from assize.merkle import HASH_BYTES
from assize.public_keys import PublicKey

NOTE_MOST_BYTES: Final = 64 * 1024
ORIGIN_MOST_CHARS: Final = 200
_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_DASH: Final = "— "
_TEXT_LINES: Final = 3
_ORIGIN: Final = re.compile(r"[!-*,-~]+")
"""Visible ASCII without spaces and plus."""
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")

Sign = Callable[[bytes], bytes]
"""Returns the Ed25519 signature of a message."""


class MalformedCheckpoint(AssizeError):
    """A text is not a checkpoint, or no pinned key signed it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its name, how many entries it has, and their root."""

    origin: str
    """The log's name, for ever the same."""
    size: int
    """How many entries there are."""
    root: bytes
    """The root of their Merkle tree."""

    def text(self) -> str:
        """Return what is signed.

        Raises:
            MalformedCheckpoint: The origin would make it another checkpoint.
        """
        if not _ORIGIN.fullmatch(self.origin) or len(self.origin) > ORIGIN_MOST_CHARS:
            problem = "visible ASCII without spaces and plus"
            raise MalformedCheckpoint(f"a log's origin is {problem}, got {self.origin!r:.60}")
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def signed(checkpoint: Checkpoint, key: PublicKey, sign: Sign) -> str:
    """Return the checkpoint as a note signed by the key."""
    return signed_note(checkpoint.text(), checkpoint.origin, key, sign)


def signed_note(text: str, name: str, key: PublicKey, sign: Sign) -> str:
    """Return a text, which ends with a line feed, as a note signed under that name."""
    signature = key_id(name, key) + sign(text.encode())
    return f"{text}\n{_DASH}{name} {_base64(signature)}\n"


def key_id(name: str, key: PublicKey) -> bytes:
    """Return the four bytes that a key is called by in a note."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.raw).digest()[:_ID_BYTES]


def verifier_key(name: str, key: PublicKey) -> str:
    """Return the key in the form that other tools for such notes take."""
    return f"{name}+{key_id(name, key).hex()}+{_base64(_ED25519 + key.raw)}"


def opened(note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """Return the checkpoint of a note that one of the keys signed.

    Raises:
        MalformedCheckpoint: It is not one, or no key of these signed it.
    """
    text, signatures = _parts(note)
    checkpoint = _checkpoint(text)
    if not is_signed(text, checkpoint.origin, signatures, keys):
        raise MalformedCheckpoint(f"no pinned key signed the checkpoint of {checkpoint.size}")
    return checkpoint


def unverified(note: str) -> Checkpoint:
    """Return what a note says, whoever signed it.

    Raises:
        MalformedCheckpoint: It is not a checkpoint.
    """
    return _checkpoint(_parts(note)[0])


def is_signed(
    text: str, name: str, signatures: Sequence[tuple[str, bytes]], keys: Sequence[PublicKey]
) -> bool:
    """Tell whether a pinned key signed; one whose signature is wrong spoils the note."""
    good = False
    for key in keys:
        told = key_id(name, key)
        for signer, data in signatures:
            if signer != name or data[:_ID_BYTES] != told:
                continue
            if not key.verifies(data[_ID_BYTES:], text.encode()):
                return False
            good = True
    return good


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a note's text and its signatures."""
    if len(note.encode(errors="replace")) > NOTE_MOST_BYTES:
        raise MalformedCheckpoint(f"a note of more than {NOTE_MOST_BYTES} bytes")
    if any(character < " " and character != "\n" for character in note):
        raise MalformedCheckpoint("a note holds no control characters")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise MalformedCheckpoint("a note is a text, an empty line and signature lines")
    return f"{text}\n", [_signature(line) for line in lines.split("\n")[:-1]]


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    data = _bytes(encoded)
    if not line.startswith(_DASH) or not name or "+" in name or len(data) <= _ID_BYTES:
        raise MalformedCheckpoint(f"not a signature line: {line!r:.80}")
    return name, data


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) < _TEXT_LINES or not all(lines):
        raise MalformedCheckpoint("a checkpoint has the lines origin, size and root")
    origin, size, encoded = lines[:_TEXT_LINES]
    root = _bytes(encoded)
    if not _SIZE.fullmatch(size) or len(root) != HASH_BYTES:
        raise MalformedCheckpoint("a checkpoint has a size and a root of 32 bytes")
    return Checkpoint(origin, int(size), root)


def _bytes(encoded: str) -> bytes:
    try:
        data = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedCheckpoint(f"not Base64: {encoded!r:.60}") from error
    if _base64(data) != encoded:
        # Bits that the padding hides would give one checkpoint several forms.
        raise MalformedCheckpoint(f"not canonical Base64: {encoded!r:.60}")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
