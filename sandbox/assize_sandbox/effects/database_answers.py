"""What a databases guest answers, as effects.

SECURITY: the answer is hostile input. It is bounded before it is parsed (frames.py), the type and
size of every field are checked, and what has not the form raises `ProtocolViolation`.
"""

import json
from typing import Final

from assize.model.effects import Effect, EffectKind, RowChange
from assize_sandbox.effects.texts import one_line
from assize_sandbox.errors import ProtocolViolation

EFFECTS_MOST: Final = 5000
ROWS_MOST: Final = 10
COLUMNS_MOST: Final = 20
TEXT_MOST: Final = 400
"""Of a cell, a column's name, a detail; the guest cuts shorter."""
TABLE_MOST: Final = 1000
COUNT_MOST: Final = 2**62
KINDS: Final = {
    "insert": EffectKind.DB_INSERT,
    "update": EffectKind.DB_UPDATE,
    "delete": EffectKind.DB_DELETE,
    "schema": EffectKind.DB_SCHEMA,
    "unattributable": EffectKind.DB_UNATTRIBUTABLE,
}
ROW_PARTS: Final = 3
CELL_PARTS: Final = 2


class NotCompared(Exception):
    """The guest says that it could not compare, and why."""


def read_answer(path: str, payload: bytes) -> tuple[Effect, ...]:
    """Return what the guest says of the database at a path; nothing if it saw no difference.

    Raises:
        NotCompared: It could not compare.
        ProtocolViolation: The answer has not the form that our guest gives it.
    """
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation("the databases guest's answer is not JSON") from error
    match told:
        case {"fault": str(fault), **others} if not others:
            raise NotCompared(text(fault))
        case {"effects": list(effects), **others} if not others and len(effects) <= EFFECTS_MOST:
            return tuple(_effect(path, each) for each in effects)
    raise ProtocolViolation("the databases guest's answer is of no known form")


def text(value: object, most: int = TEXT_MOST) -> str:
    """Return a text, cut, with whatever could deceive an eye escaped.

    Raises:
        ProtocolViolation: It is something else.
    """
    if not isinstance(value, str):
        raise ProtocolViolation(f"the databases guest sent {type(value).__name__}, not text")
    return one_line(value[:most])


def _effect(path: str, told: object) -> Effect:
    match told:
        case {"kind": str(kind), "table": str(table), "count": int(count), **others} if (
            kind in KINDS
            and others.keys() == {"rows", "detail"}
            # A truth value is an int too.
            and type(count) is int
            and 0 < count <= COUNT_MOST
        ):
            rows = tuple(_row(row) for row in _list(others["rows"], ROWS_MOST))
            detail = text(others["detail"])
            return Effect(
                KINDS[kind],
                path,
                table=_table(table),
                count=count,
                rows=rows,
                detail=detail,
            )
    raise ProtocolViolation("the databases guest sent an effect of no known form")


def _table(name: str) -> str:
    """Return a table's name as it is, for policies match it: too long a name is refused."""
    if len(name) > TABLE_MOST:
        raise ProtocolViolation(f"a table's name has {len(name)} characters")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ProtocolViolation("a table's name is not UTF-8") from error
    return name


def _row(row: object) -> RowChange:
    key, before, after = _list(row, ROW_PARTS, ROW_PARTS)
    return RowChange(_cells(key), _cells(before), _cells(after))


def _cells(cells: object) -> tuple[tuple[str, str], ...]:
    pairs = (_list(cell, CELL_PARTS, CELL_PARTS) for cell in _list(cells, COLUMNS_MOST))
    return tuple((text(name), text(value)) for name, value in pairs)


def _list(value: object, most: int, least: int = 0) -> list[object]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ProtocolViolation("the databases guest sent no list, or one of another length")
    return value
