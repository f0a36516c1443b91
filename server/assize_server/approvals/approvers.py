"""Reads `approvers.yaml`: who may approve, by which public keys. Fails closed.

Strict YAML, every key known, every public key Ed25519. Whoever submits and approves, one key of two
people, a person listed twice: errors, with the line. The service reads public keys only, so that it
can verify an approval and make none.
"""

import base64
import binascii
import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assize.approvals.keys import KeyFault, key_id, public_from_pem, public_from_raw
from assize.strict_yaml import Document, YamlError, load
from assize_server.approvals.errors import ApproversError
from assize_server.core.approvers import Approvers, ApproversContradiction, Person

FILE_NAME: Final = "approvers.yaml"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_SHOWN: Final = 40

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
"""Small letters, digits and `. _ @ -`: no two names look alike."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


class RevokedKey(_Section):
    """A key that is no longer taken."""

    key: str
    """PEM, or the Base64 of its 32 bytes."""
    since: str
    """The day, in quotes, such as "2026-01-31"."""


class PersonSection(_Section):
    """Somebody who may approve."""

    name: Name
    """Unique; what is recorded, and the name of the person's credential."""
    groups: Annotated[tuple[Name, ...], Field(min_length=1)]
    """What the policies ask for."""
    keys: tuple[str, ...]
    """Public keys: PEM, or the Base64 of their 32 bytes."""
    revoked: tuple[RevokedKey, ...] = ()
    """Keys that are no longer taken. They stay listed, so that nobody gets them again."""


class SubmitterSection(_Section):
    """A credential that submits, and so cannot approve."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """The credential's name."""
    keys: tuple[str, ...] = ()
    """Public keys that it holds, if any: they cannot be an approver's."""


class ApproversFile(_Section):
    """The whole file."""

    api_version: Annotated[Literal["assize.dev/v1"], Field(alias="apiVersion")]
    """The form of the file."""
    people: tuple[PersonSection, ...]
    """Who may approve; nobody: every hold can only expire."""
    submitters: tuple[SubmitterSection, ...]
    """Who submits."""


def load_approvers(path: Path) -> Approvers:
    """Read the file.

    Raises:
        ApproversError: It cannot be read, or is not right in every line.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"{path}: cannot be read: {error}") from error
    return read_approvers(text, str(path))


def read_approvers(text: str, source: str) -> Approvers:
    """Read the text of the file; `source` is the name that errors show.

    Raises:
        ApproversError: It is not right in every line.
    """
    try:
        document = load(text, source)
        file = ApproversFile.model_validate_json(json.dumps(document.data))
        return _approvers(file, document)
    except YamlError as error:
        raise _refused(str(error)) from error
    except ValidationError as error:
        problems = [
            str(document.error(each["loc"], each["msg"][:1].lower() + each["msg"][1:]))
            for each in error.errors()
        ]
        raise _refused("\n".join(problems)) from error
    except ApproversContradiction as error:
        raise _refused(f"{source}: {error}") from error


def _approvers(file: ApproversFile, document: Document) -> Approvers:
    submitter_keys: set[str] = set()
    for index, submitter in enumerate(file.submitters):
        submitter_keys |= _keys(document, ("submitters", index, "keys"), submitter.keys).keys()
    return Approvers(
        people=tuple(
            _person(document, ("people", index), person) for index, person in enumerate(file.people)
        ),
        submitters=frozenset(each.name for each in file.submitters),
        submitter_keys=frozenset(submitter_keys),
    )


def _person(document: Document, place: tuple[str | int, ...], section: PersonSection) -> Person:
    keys = _keys(document, (*place, "keys"), section.keys)
    revoked: dict[str, str] = {}
    for index, each in enumerate(section.revoked):
        here = (*place, "revoked", index)
        found = key_id(_key(document, (*here, "key"), each.key))
        if found in keys or found in revoked:
            raise document.error((*here, "key"), "the key is listed twice for this person")
        revoked[found] = _day(document, (*here, "since"), each.since)
    return Person(section.name, frozenset(section.groups), keys, revoked)


def _keys(
    document: Document, place: tuple[str | int, ...], texts: tuple[str, ...]
) -> dict[str, Ed25519PublicKey]:
    found: dict[str, Ed25519PublicKey] = {}
    for index, text in enumerate(texts):
        key = _key(document, (*place, index), text)
        if key_id(key) in found:
            raise document.error((*place, index), "the key is listed twice")
        found[key_id(key)] = key
    return found


def _key(document: Document, place: tuple[str | int, ...], text: str) -> Ed25519PublicKey:
    try:
        if "BEGIN" in text:
            return public_from_pem(text)
        return public_from_raw(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        shown = text.strip()[:_MOST_SHOWN]
        problem = f"neither PEM nor Base64 of an Ed25519 public key, got {shown!r}"
        raise document.error(place, problem) from error
    except KeyFault as error:
        raise document.error(place, str(error)) from error


def _day(document: Document, place: tuple[str | int, ...], text: str) -> str:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise document.error(place, f'a day such as "2026-01-31" is expected, got {text[:20]!r}')


def _refused(problem: str) -> ApproversError:
    remedy = f"correct {FILE_NAME}; nobody can approve anything until then"
    return ApproversError(problem, remedy=remedy)
