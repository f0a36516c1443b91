"""Shows hostile text to people: bounded, and with nothing in it that a terminal obeys."""

import difflib
from itertools import islice
from typing import Final

from assize.model.verdict import Output
from assize_server.core.bounds import MOST_DIFF_BYTES, MOST_SHOWN_CHARS

CONTEXT_CHARS: Final = 80
"""Shown before the place where two texts differ."""
DIFF_LINES: Final = 40
DIFF_LINE_CHARS: Final = 200
DIFF_CONTEXT_LINES: Final = 3
TAIL_BYTES: Final = 1024


def visible(text: str) -> str:
    """Return the text with every character escaped that does not print, but for line feeds."""
    if text.isprintable():
        return text
    return "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def shown(text: str, most_chars: int = MOST_SHOWN_CHARS) -> str:
    """Return the start of the text, fit to be shown."""
    return around(text, 0, most_chars)


def one_line(text: str, most_chars: int = 200) -> str:
    """Return the start of the text on one line, fit to be part of a message."""
    return shown(text, most_chars).replace("\n", "\\n")


def around(text: str, index: int, most_chars: int = MOST_SHOWN_CHARS) -> str:
    """Return the text around a character, with an ellipsis where something is left out."""
    start = max(0, index - CONTEXT_CHARS) if len(text) > most_chars else 0
    part = visible(text[start : start + most_chars])
    cut = len(part) > most_chars or start + most_chars < len(text)
    return ("…" if start else "") + part[:most_chars] + ("…" if cut else "")


def tail(output: Output) -> str:
    """Return the end of what a stream held, fit to be shown."""
    kept = output.tail if output.truncated else output.head + output.tail
    text = kept[-TAIL_BYTES:].decode("utf-8", "replace").rstrip()
    return around(text, 0, TAIL_BYTES)


def first_difference(left: str, right: str) -> int:
    """Return the index of the first character that differs, or the length of the shorter text."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def character(text: str, index: int) -> str:
    """Return the character at an index as a person can tell it from its look-alikes."""
    if index >= len(text):
        return "the end"
    char = text[index]
    return repr(char) if " " <= char <= "~" else f"{char!a} (U+{ord(char):04X})"


def difference(expected: str, actual: str) -> str:
    """Return a unified diff around the first difference, of at most MOST_DIFF_BYTES bytes.

    Only a window of both texts is compared: difflib's cost is quadratic, and `actual` is hostile.
    """
    index = first_difference(expected, actual)
    before = expected.count("\n", 0, index)
    first = max(0, before - DIFF_CONTEXT_LINES)
    lines = difflib.unified_diff(
        _window(expected, first), _window(actual, first), "expected", "actual", lineterm=""
    )
    text = "\n".join(line for line in lines if not line.startswith("@@"))
    return _clipped(text, MOST_DIFF_BYTES)


def _window(text: str, first: int) -> list[str]:
    lines = text.split("\n", first + DIFF_LINES)[first : first + DIFF_LINES]
    return [around(line, 0, DIFF_LINE_CHARS) for line in islice(lines, DIFF_LINES)]


def _clipped(text: str, most_bytes: int) -> str:
    data = text.encode()
    if len(data) <= most_bytes:
        return text
    end = "\n…"
    return data[: most_bytes - len(end.encode())].decode("utf-8", "ignore") + end
