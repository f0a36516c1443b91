"""The credentials file, `access.yaml`: who may call, by the digest of a token.

    submitters:
      - {name: ci, token_sha256: "..."}
    approvers:
      - {name: alice, token_sha256: "..."}
    auditors:
      - {name: bob, token_sha256: "..."}

- Every key is given, and somebody is named: a file that lets nobody in is a mistake.
- A name and a token are there once in all: nobody is two, and nobody has two roles.
- Tokens are random and have 256 bits (`assize access token`), so a SHA-256 gives nothing away.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from assize.model.callers import ANONYMOUS, SERVICE, Caller, Role
from assize.strict_yaml import Document, YamlError, load
from assize_sandbox.errors import SandboxError

TOKEN_BYTES: Final = 32
TOKEN_PREFIX: Final = "assize_"  # noqa: S105 - it marks a token for whoever finds one
TOKEN_MOST_CHARS: Final = 200
FILE_MOST_BYTES: Final = 1024 * 1024
_OTHERS_WRITE: Final = 0o022
_RESERVED: Final = frozenset({ANONYMOUS.name, SERVICE.name})

NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")
Name = Annotated[str, StringConstraints(pattern=NAME.pattern)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class AccessFileError(SandboxError):
    """The credentials file is wrong; nobody may be let in by it."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Credential(_Section):
    """One caller."""

    name: Name
    """What they are called in the audit log."""
    token_sha256: Sha256
    """SHA-256 of their token, in hex."""


class AccessFile(_Section):
    """The whole file."""

    submitters: tuple[Credential, ...]
    """Who may have code judged."""
    approvers: tuple[Credential, ...]
    """Who may decide about what is held."""
    auditors: tuple[Credential, ...]
    """Who may read the audit log."""


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    digest: str


class Credentials:
    """Everybody who may call."""

    def __init__(self, known: tuple[_Known, ...]) -> None:
        self._known = known

    def caller_of(self, token: str) -> Caller | None:
        """Return whose token it is, or None.

        SECURITY: what is compared is a digest, each time with everybody's, in constant time.
        """
        if len(token) > TOKEN_MOST_CHARS:
            return None
        asked = digest_of(token)
        found = None
        for known in self._known:
            if hmac.compare_digest(known.digest, asked):
                found = known.caller
        return found

    def callers(self) -> tuple[Caller, ...]:
        """Return everybody."""
        return tuple(known.caller for known in self._known)


def new_token() -> str:
    """Return a token that nobody has."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> str:
    """Return what the file holds of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def load_credentials(path: Path) -> Credentials:
    """Read the file.

    Raises:
        AccessFileError: It cannot be read, is wrong, or others may write to it.
    """
    try:
        document = load(_text(path), str(path))
        return Credentials(tuple(_unique(document, _checked(document))))
    except YamlError as error:
        raise _wrong(str(error)) from error


def _checked(document: Document) -> AccessFile:
    try:
        # As JSON: there, strict validation still takes lists for tuples.
        return AccessFile.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        # SECURITY: the value is not shown: a token may stand where its digest should.
        told = [str(document.error(each["loc"], each["msg"])) for each in error.errors()]
        raise _wrong("\n".join(told)) from error


def _unique(document: Document, file: AccessFile) -> Iterator[_Known]:
    roles = {"submitters": Role.SUBMITTER, "approvers": Role.APPROVER, "auditors": Role.AUDITOR}
    names: set[str] = set()
    digests: set[str] = set()
    for key, role in roles.items():
        given: tuple[Credential, ...] = getattr(file, key)
        for number, each in enumerate(given):
            place = (key, number)
            if each.name in names or each.name in _RESERVED:
                raise document.error(
                    place, f"the name {each.name} is taken; one caller has one role"
                )
            if each.token_sha256 in digests:
                raise document.error(place, f"{each.name} has a token that somebody else has")
            names.add(each.name)
            digests.add(each.token_sha256)
            yield _Known(Caller(each.name, role), each.token_sha256)
    if not names:
        raise document.error((), "nobody is named; without the file, anybody local may call")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if path.stat().st_mode & _OTHERS_WRITE:
                raise _wrong(f"{path}: others may write to it: chmod go-w {path}")
            return file.read(FILE_MOST_BYTES).decode("utf-8")
    except OSError as error:
        raise _wrong(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _wrong(f"{path}: cannot be read: {error}") from error


def _wrong(problem: str) -> AccessFileError:
    return AccessFileError(problem, remedy="docs/access.md shows the form of the file")
