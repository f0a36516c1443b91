"""Reads JSON that says one thing to every reader, in bounded depth and size.

Unlike `json.loads` it refuses NaN, Infinity, numbers too large for a float, and a key that is given
twice, of which readers disagree which one counts.
"""

import json
import math
from typing import Final, NoReturn

from assize_server.core.bounds import MOST_JSON_DEPTH, MOST_JSON_NUMBER_CHARS

JsonValue = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None


class JsonFault(ValueError):
    """The text is not a JSON document that we accept."""


def parse_json(text: str, most_bytes: int) -> JsonValue:
    """Return the document that the text holds.

    Raises:
        JsonFault: Saying what is wrong, and where if that is known.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > most_bytes:
        raise JsonFault(f"a document has at most {most_bytes} bytes, this one {size}")
    try:
        value: JsonValue = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonFault(
            f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from (error)
    except RecursionError as error:
        raise JsonFault(_TOO_DEEP) from error
    _check_depth(value)
    return value


_TOO_DEEP: Final = f"nested more than {MOST_JSON_DEPTH} deep"


def _check_depth(value: JsonValue) -> None:
    level = [value]
    for _ in range(MOST_JSON_DEPTH + 1):
        if not level:
            return
        level = [child for parent in level for child in _children(parent)]
    raise JsonFault(_TOO_DEEP)


def _children(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {}
    for name, value in pairs:
        if name in members:
            raise JsonFault(f"the key {name[:50]!a} is given twice in one object")
        members[name] = value
    return members


def _integer(digits: str) -> int:
    _check_number(digits)
    return int(digits)


def _float(digits: str) -> float:
    _check_number(digits)
    number = float(digits)
    if not math.isfinite(number):
        raise JsonFault(f"the number {digits[:50]} is too large for a float")
    return number


def _check_number(digits: str) -> None:
    if len(digits) > MOST_JSON_NUMBER_CHARS:
        raise JsonFault(
            f"a number has at most {MOST_JSON_NUMBER_CHARS} characters, this one {len(digits)}"
        )


def _constant(name: str) -> NoReturn:
    raise JsonFault(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
