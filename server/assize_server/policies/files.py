"""From the text of one policy file to its checked form. Errors read `file:line:column: problem`."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from assize.strict_yaml import Document, YamlError, load
from assize_server.policies.form import CONTRADICTION
from assize_server.policies.schema import PolicyFile, PolicyText, TeamFile
from assize_server.policies.teams import completed

_MOST_SHOWN: Final = 40

Form = TypeVar("Form", bound=PolicyText)


class PolicyError(Exception):
    """A policy file is wrong, or there are none; nothing may be judged by it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was written, and as data."""

    text: str
    document: Document


def read(path: Path) -> Source:
    """Read one file of strict YAML.

    Raises:
        PolicyError: It cannot be read, or is none.
    """
    text = _text(path)
    return Source(text, parsed(text, str(path)))


def parsed(text: str, source: str) -> Document:
    """Read strict YAML; `source` is the name that errors show.

    Raises:
        PolicyError: It is none.
    """
    try:
        return load(text, source)
    except YamlError as error:
        raise PolicyError(str(error)) from error


def org_file(document: Document) -> PolicyFile:
    """Return the checked form of an organisation's policy file.

    Raises:
        PolicyError: It is wrong; with all that is.
    """
    return _checked(document, document.data, PolicyFile)


def team_file(document: Document, org: PolicyFile) -> TeamFile:
    """Return the checked form of a team's policy file, with what it leaves out from the org's.

    Raises:
        PolicyError: It is wrong; with all that is.
    """
    try:
        data = completed(document, org)
    except YamlError as error:
        raise PolicyError(str(error)) from error
    return _checked(document, data, TeamFile)


def refuse(errors: Sequence[YamlError]) -> None:
    """Refuse a file for all that is wrong in it, in order of line.

    Raises:
        PolicyError: There is something.
    """
    if errors:
        ordered = sorted(errors, key=lambda each: (each.position.line, each.position.column))
        raise PolicyError("\n".join(_printable(str(error)) for error in ordered))


def _printable(text: str) -> str:
    """Return the text with its control characters escaped: a file's keys are in its errors."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}:1:1: cannot be read: {error.strerror or error}") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise PolicyError(f"{path}:{line}:{column}: not UTF-8") from error


def _checked(document: Document, data: object, form: type[Form]) -> Form:
    try:
        # As JSON: there, strict validation still takes lists for tuples and text for enums.
        return form.model_validate_json(json.dumps(data))
    except ValidationError as error:
        refuse([document.error(each["loc"], _problem(each, form)) for each in error.errors()])
        raise


def _problem(error: ErrorDetails, form: type[BaseModel]) -> str:
    match error["type"]:
        case "missing":
            return _missing(error["loc"])
        case "extra_forbidden":
            return _unknown_key(error["loc"], form)
        case str(kind) if kind == CONTRADICTION:
            return error["msg"]
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}, got {_shown(error['input'])}"


def _missing(place: tuple[int | str, ...]) -> str:
    whose = "a policy" if len(place) < _OF_A_SECTION else f"this part of {place[0]}"
    return f"this key is missing; {whose} gives every key"


_OF_A_SECTION: Final = 3


def _unknown_key(place: tuple[int | str, ...], form: type[BaseModel]) -> str:
    known = _known_keys(place[:-1], form)
    close = difflib.get_close_matches(str(place[-1])[:_MOST_SHOWN], known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"unknown key; {hint}"


def _known_keys(place: tuple[int | str, ...], form: type[BaseModel]) -> list[str]:
    section = form
    for part in place:
        if isinstance(part, str):
            # A key can be unknown in a section only, and every section is a model.
            [section] = _models_in(section.model_fields[part].annotation)
    return [field.alias or name for name, field in section.model_fields.items()]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Return the model of an annotation, which may be optional, or a tuple of them."""
    if get_origin(annotation) is None:
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        return [annotation] if is_model else []  # type: ignore[list-item]
    return [model for each in get_args(annotation) for model in _models_in(each)]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
