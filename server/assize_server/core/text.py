"""Judges a text against what a spec expects of it.

The text is hostile: it must be whole and strict UTF-8 before anything else is asked, and nothing
here takes time that grows faster than its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from itertools import zip_longest
from typing import Final, assert_never

from assize.model.spec import Contains, Empty, Exact, Normalized, Numeric, Regex, TextExpectation
from assize.model.verdict import Output
from assize_server.core.excerpt import (
    around,
    character,
    difference,
    first_difference,
    one_line,
    shown,
)
from assize_server.core.patterns import found

WHITE_SPACE: Final = re.compile("[ \t\n\r\f\v]+")
"""ASCII only: a no-break or zero-width space is a different text."""
NUMBER: Final = re.compile(
    r"(?<![\w.])[-+]?(?:[0-9]++(?:\.[0-9]++)?+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?+(?!\w|\.[0-9])"
)
"""A decimal number that is not part of a word, a version or another number.

Possessive throughout, so that a megabyte of digits is read in linear time.
"""
_DECIMAL: Final = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""The difference of two numbers that differ never rounds to zero, as that of floats would."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a text is not the expected one; the parts are bounded and fit to be shown."""

    message: str
    expected: str = ""
    actual: str = ""
    diff: str = ""


def matches(expectation: TextExpectation, data: Output | bytes) -> Mismatch | None:
    """Return why the data is not what was expected, None if it is.

    Raises:
        PatternRefused: A pattern that admission did not check.
    """
    whole = _whole(data)
    if isinstance(whole, Mismatch):
        return whole
    if isinstance(expectation, Empty):
        return _empty(whole)
    try:
        text = whole.decode("utf-8")
    except UnicodeDecodeError as error:
        return _undecodable(whole, error)
    return _judged(expectation, text)


def _judged(expectation: TextExpectation, text: str) -> Mismatch | None:
    match expectation:
        case Exact(expected):
            return _equal(expected, text)
        case Normalized(expected):
            return _equal(_normalized(expected), _normalized(text))
        case Regex(pattern):
            return None if found(pattern, text) else _absent("nothing matches", pattern, text)
        case Numeric():
            return _numeric(expectation, text)
        case Contains(part):
            return None if part in text else _absent("the text does not occur", part, text)
        case Empty():
            return _empty(text.encode())
        case _:
            assert_never(expectation)


def _whole(data: Output | bytes) -> bytes | Mismatch:
    if isinstance(data, bytes):
        return data
    kept = data.head + data.tail
    if len(kept) == data.total_bytes:
        return kept
    return Mismatch(
        f"only {len(kept)} of {data.total_bytes} bytes were kept, and what was dropped cannot be "
        "judged; write less",
        actual=shown(kept.decode("utf-8", "replace")),
    )


def _empty(data: bytes) -> Mismatch | None:
    if not data:
        return None
    return Mismatch(
        f"nothing may be written, got {len(data)} bytes",
        actual=shown(data.decode("utf-8", "backslashreplace")),
    )


def _undecodable(data: bytes, error: UnicodeDecodeError) -> Mismatch:
    return Mismatch(
        f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}; encode text as UTF-8",
        actual=around(data.decode("utf-8", "backslashreplace"), error.start),
    )


def _normalized(text: str) -> str:
    return WHITE_SPACE.sub(" ", text).strip(" ")


def _equal(expected: str, actual: str) -> Mismatch | None:
    if expected == actual:
        return None
    index = first_difference(expected, actual)
    line = expected.count("\n", 0, index) + 1
    column = index - (expected.rfind("\n", 0, index) + 1) + 1
    return _differs(
        f"line {line}, column {column}: expected {character(expected, index)}, "
        f"got {character(actual, index)}",
        expected,
        actual,
        index,
    )


def _differs(message: str, expected: str, actual: str, index: int) -> Mismatch:
    return Mismatch(
        message, around(expected, index), around(actual, index), difference(expected, actual)
    )


def _absent(message: str, wanted: str, text: str) -> Mismatch:
    return Mismatch(f"{message}: {one_line(wanted)}", shown(wanted), shown(text))


def _numeric(expectation: Numeric, text: str) -> Mismatch | None:
    end = (None, max(len(text), len(expectation.text)))
    pairs = zip_longest(_parts(expectation.text), _parts(text), fillvalue=end)
    for position, ((expected, _), (actual, index)) in enumerate(pairs):
        is_number = position % 2 == 1
        if expected == actual or (is_number and _close(expected, actual, expectation)):
            continue
        what = f"number {position // 2 + 1}" if is_number else f"after {position // 2} numbers"
        message = f"{what}: expected {_told(expected)}, got {_told(actual)}"
        return _differs(message, expectation.text, text, index)
    return None


def _parts(text: str) -> Iterator[tuple[str | None, int]]:
    """Yield what stands before the first number, that number, what follows it, and so on.

    With each comes the index where it starts.
    """
    end = 0
    for number in NUMBER.finditer(text):
        yield _normalized(text[end : number.start()]), end
        yield number.group(), number.start()
        end = number.end()
    yield _normalized(text[end:]), end


def _told(part: str | None) -> str:
    return "the end" if part is None else repr(one_line(part))


def _close(expected: str | None, actual: str | None, expectation: Numeric) -> bool:
    if expected is None or actual is None:
        return False
    with localcontext(_DECIMAL):
        left, right = Decimal(expected), Decimal(actual)
        if not (left.is_finite() and right.is_finite()):
            return False
        allowed = max(
            Decimal(expectation.absolute), Decimal(expectation.relative) * left.copy_abs()
        )
        gap = (left - right).copy_abs()
        return gap.is_finite() and gap <= allowed
