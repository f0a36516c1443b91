"""Digests of records: SHA-256 of their canonical JSON (RFC 8785).

Client and service compute them alike, so that an approver need not believe a digest that is told.
It needs `assize[approver]`.
"""

import hashlib
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Final

import rfc8785

from assize.model.effects import EffectSet

DIGEST_CHARS: Final = 64
"""Of a SHA-256 in hex."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def canonical(value: Json) -> bytes:
    """Return the canonical JSON of plain values (RFC 8785)."""
    return rfc8785.dumps(value)


def digest(value: Json) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of plain values."""
    return hashlib.sha256(canonical(value)).hexdigest()


def effect_set_digest(effects: EffectSet) -> str:
    """Return what an approval of the set binds: base, result and all that each effect says."""
    return digest({"type": "assize.effect-set.v1", **_members(effects)})


def plain(value: object) -> Json:
    """Return a record, or a value of one, as plain JSON values: enums by value, tuples as lists."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case tuple():
            return [plain(item) for item in value]
        case _:
            return _members(value)


def _members(record: object) -> dict[str, Json]:
    if not is_dataclass(record):
        raise TypeError(f"{type(record).__name__} has no canonical form")
    return {each.name: plain(getattr(record, each.name)) for each in fields(record)}
