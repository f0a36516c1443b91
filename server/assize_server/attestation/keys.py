"""The service's signing keys: one that signs, and the public parts of those that did before.

They live in `keys/service.json` of the state folder (0600), which is replaced as a whole: a crash
leaves the old file or the new one. `keys/service.pub` (0644) has the public keys, the one that
signs first, for whoever pins them; it is written again at each start.

SECURITY: the private key is not encrypted at rest, since the service must start without a person.
Whoever reads it can sign verdicts and checkpoints; what was published before still stands.
"""

import base64
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assize.public_keys import KEY_BYTES, PublicKey
from assize_sandbox.errors import SandboxError

FOLDER: Final = "keys"
FILE: Final = "service.json"
PUBLIC_FILE: Final = "service.pub"
FORMAT: Final = "assize.service-keys.v1"
FILE_MOST_BYTES: Final = 1024 * 1024
_OTHERS: Final = 0o077
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,200}")


class KeysUnusable(SandboxError):
    """The service's signing keys cannot be made, read or replaced."""


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """A public key and when it signed, in milliseconds since 1970."""

    key: PublicKey
    """The public key."""
    since_ms: int
    """When it was made."""
    until_ms: int | None = None
    """When another took its place; None: it signs now."""


class ServiceKeys:
    """The service's keys, loaded."""

    def __init__(
        self, origin: str, private: Ed25519PrivateKey, since_ms: int, retired: tuple[KeyTimes, ...]
    ) -> None:
        self.origin = origin
        """The name of this installation's log; it stays when keys change."""
        self._private = private
        self.current = KeyTimes(public_of(private), since_ms)
        """The key that signs."""
        self.retired = retired
        """Those before it, the last one first."""

    @property
    def public(self) -> PublicKey:
        """The public part of the key that signs."""
        return self.current.key

    @property
    def listed(self) -> tuple[KeyTimes, ...]:
        """Every key, the one that signs first."""
        return (self.current, *self.retired)

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of a message."""
        return self._private.sign(message)

    def public_pem(self) -> str:
        """Return every public key as PEM, the one that signs first."""
        return "".join(each.key.pem() for each in self.listed)


def open_keys(state: Path, now_ms: Callable[[], int], origin: str = "") -> ServiceKeys:
    """Return the keys of a state folder, making the first one if there is none.

    `origin` names the log at its first start; empty: `assize/` and the first key's id.

    Raises:
        KeysUnusable: They cannot be made or read, or others can read them.
    """
    folder = state / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / FILE).exists():
            _save(folder, _first(now_ms(), origin))
        keys = _load(folder / FILE)
        _replace(folder / PUBLIC_FILE, keys.public_pem(), 0o644)
    except OSError as error:
        raise _unusable(folder, str(error)) from error
    if origin and keys.origin != origin:
        problem = f"the log here is called {keys.origin}, not {origin}; a log keeps its name"
        raise _unusable(folder, problem)
    return keys


def found_keys(state: Path) -> ServiceKeys | None:
    """Return the keys of a state folder as they are, changing nothing; None: there are none yet.

    Raises:
        KeysUnusable: They are no keys, or others can read them.
        OSError: This user cannot read them.
    """
    path = state / FOLDER / FILE
    return _load(path) if path.exists() else None


def rotate(state: Path, now_ms: int) -> ServiceKeys:
    """Make another key the one that signs, and return the keys. The service must not run.

    Raises:
        KeysUnusable: There are none yet, or they cannot be replaced.
    """
    folder = state / FOLDER
    try:
        old = _load(folder / FILE)
        retired = KeyTimes(old.public, old.current.since_ms, now_ms)
        made = ServiceKeys(
            old.origin, Ed25519PrivateKey.generate(), now_ms, (retired, *old.retired)
        )
        _save(folder, made)
        _replace(folder / PUBLIC_FILE, made.public_pem(), 0o644)
    except OSError as error:
        raise _unusable(folder, str(error)) from error
    return made


def public_of(private: Ed25519PrivateKey) -> PublicKey:
    """Return the public part of a private key."""
    return PublicKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def _first(now_ms: int, origin: str) -> ServiceKeys:
    private = Ed25519PrivateKey.generate()
    name = origin or f"assize/{public_of(private).id[:16]}"
    if not _ORIGIN.fullmatch(name):
        raise KeysUnusable(
            f"a log's name is visible ASCII without spaces and plus, got {name!r:.60}",
            remedy="set ASSIZE_AUDIT_ORIGIN to a name such as assize.example.com/log",
        )
    return ServiceKeys(name, private, now_ms, ())


def _load(path: Path) -> ServiceKeys:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise KeysUnusable(f"{path} can be read by others", remedy=f"chmod 600 {path}")
        data = file.read(FILE_MOST_BYTES)
    try:
        return _keys(json.loads(data))
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(path, f"not a file of keys: {error}") from error


def _keys(document: dict[str, Any]) -> ServiceKeys:
    if document["format"] != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    retired = tuple(
        KeyTimes(PublicKey(_raw(each["public"])), int(each["since_ms"]), int(each["until_ms"]))
        for each in document["retired"]
    )
    private = Ed25519PrivateKey.from_private_bytes(_raw(document["private"]))
    return ServiceKeys(str(document["origin"]), private, int(document["since_ms"]), retired)


def _save(folder: Path, keys: ServiceKeys) -> None:
    private = keys._private.private_bytes_raw()  # noqa: SLF001 - the file is the class's own
    document = {
        "format": FORMAT,
        "origin": keys.origin,
        "private": _text(private),
        "since_ms": keys.current.since_ms,
        "retired": [
            {"public": _text(each.key.raw), "since_ms": each.since_ms, "until_ms": each.until_ms}
            for each in keys.retired
        ],
    }
    _replace(folder / FILE, json.dumps(document, indent=2), 0o600)


def _replace(path: Path, text: str, mode: int) -> None:
    """Write a file as a whole: a reader sees the old one or the new one, after a crash, too."""
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{secrets.token_hex(4)}")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _raw(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(raw)}")
    return raw


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _unusable(path: Path, problem: str) -> KeysUnusable:
    return KeysUnusable(
        f"{path}: {problem}",
        remedy="docs/audit.md says how keys are kept, and how to begin anew",
    )
