"""A verdict as a JSON document: the form that scripts read. docs/cli.md describes it.

Names and nesting are those of `assize.model.verdict`, which are those of the proto files; closed
lists are written as their names. Only ASCII is written, so that nothing in it steers a terminal.
"""

import base64
import json
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Final

from assize.model.verdict import Output, Verdict

FORMAT: Final = "assize.verdict.v1"
"""Changes when a reader of the old form could misunderstand the new one; keys may be added."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def verdict_json(verdict: Verdict) -> str:
    """Return the document as text."""
    document = {"format": FORMAT, **_members(verdict)}
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def to_json(value: object) -> Json:
    """Return a record, or a value of one, as plain JSON values."""
    match value:
        case Enum():
            return value.name
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case tuple():
            return [to_json(item) for item in value]
        case Output():
            return _output(value)
        case _:
            return _members(value)


def _members(record: object) -> dict[str, Json]:
    if not is_dataclass(record):
        raise TypeError(f"a verdict holds no {type(record).__name__}")
    return {each.name: to_json(getattr(record, each.name)) for each in fields(record)}


def _output(output: Output) -> dict[str, Json]:
    # The text is for reading; the Base64 is what the program really wrote.
    return {
        "head": output.head.decode("utf-8", "replace"),
        "tail": output.tail.decode("utf-8", "replace"),
        "head_base64": to_json(output.head),
        "tail_base64": to_json(output.tail),
        "total_bytes": output.total_bytes,
        "truncated": output.truncated,
    }
