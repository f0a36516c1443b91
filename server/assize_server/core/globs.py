"""Patterns over paths and tables: a small closed language, read once and matched in linear time.

Paths, relative and in parts between `/`:

- `?` is one character of a part and `*` any number of them, none included; neither meets a `/`.
- `**` stands alone as a part and means whole parts: any number of them, none included; as the last
  part, one or more. So `a/**` is everything below `a` and not `a` itself, and `**/.git/**` is
  what lies in any `.git`, the one at the root among them.
- Everything else is itself. Case counts; names that begin with a dot, and names with a line break
  in them, are names like others.
- Refused: an empty part (so also a `/` at either end), `.` and `..`, `**` as a piece of a part or
  twice in a row, and the characters `[ ] { } \\`, which mean something in other languages of
  patterns: `?` stands for one of them in a name.

Tables are `schema.table`, split at the first dot. `*` and `?` work in both halves, over any
character. Letters A to Z count as a to z, as SQLite takes them.

The parse is what a proof builds its automaton from, and what the matcher is compiled from: neither
looks at the text again.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

MOST_CHARS: Final = 512
"""Of one pattern."""
_REFUSED: Final = frozenset("[]{}\\")
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class GlobError(ValueError):
    """The text is no pattern; says why."""


@dataclass(frozen=True, slots=True)
class AnyChar:
    """`?`: one character, in a path no `/`."""


@dataclass(frozen=True, slots=True)
class AnyRun:
    """`*`: any number of characters, none included, in a path no `/`."""


@dataclass(frozen=True, slots=True)
class DoubleStar:
    """`**`: whole parts; any number of them, but one or more where it is the last part."""


Token = str | AnyChar | AnyRun
"""A text is one character, which is itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a path, or one half of a table's name."""

    tokens: tuple[Token, ...]
    """Never empty, and never two `AnyRun` in a row."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern over paths."""

    parts: tuple[Part | DoubleStar, ...]
    """Never empty, and never two `DoubleStar` in a row."""


@dataclass(frozen=True, slots=True)
class TableGlob:
    """A pattern over `schema.table`, all in small letters, as what it is matched with must be."""

    schema: Part
    """Before the first dot."""
    table: Part
    """After it."""


class Matcher(Protocol):
    """Tells whether a pattern fits a whole text."""

    def __call__(self, text: str, /) -> object:
        """Return something true if it does."""
        ...


def parse(text: str) -> Glob:
    """Read a pattern over paths.

    Raises:
        GlobError: It is none.
    """
    _check_length(text)
    parts = tuple(_path_part(part) for part in text.split("/"))
    for before, after in pairwise(parts):
        if isinstance(before, DoubleStar) and isinstance(after, DoubleStar):
            raise GlobError("** directly after ** says nothing more; write it once")
    return Glob(parts)


def parse_table(text: str) -> TableGlob:
    """Read a pattern over tables.

    Raises:
        GlobError: It is none.
    """
    _check_length(text)
    schema, dot, table = text.partition(".")
    if not (dot and schema and table):
        raise GlobError(f"must be schema.table, such as main.users or main.*, got {text!r}")
    return TableGlob(_part(schema.translate(_LOWER)), _part(table.translate(_LOWER)))


def lowered(table: str) -> str:
    """Return a table's name as a table's matcher takes it: A to Z in small letters."""
    return table.translate(_LOWER)


def path_regex(glob: Glob) -> str:
    """Return the regular expression of a pattern over paths, to be matched in full."""
    return "".join(_path_pieces(glob))


def table_regex(glob: TableGlob) -> str:
    """Return that of a pattern over tables; a dot in it must match every character."""
    return _part_regex(glob.schema, r"[^.]") + r"\." + _part_regex(glob.table, ".")


def matcher(glob: Glob) -> Matcher:
    """Compile a pattern over paths."""
    return re.compile(path_regex(glob), re.DOTALL).fullmatch


def table_matcher(glob: TableGlob) -> Matcher:
    """Compile a pattern over tables; it takes names that are `lowered`."""
    return re.compile(table_regex(glob), re.DOTALL).fullmatch


def _check_length(text: str) -> None:
    if len(text) > MOST_CHARS:
        raise GlobError(f"a pattern has at most {MOST_CHARS} characters, this one {len(text)}")


def _path_part(text: str) -> Part | DoubleStar:
    if text == "**":
        return DoubleStar()
    if not text:
        raise GlobError("an empty part matches nothing; leave out / at either end and //")
    if text in {".", ".."}:
        raise GlobError(f"no path has a part {text!r}; it would match nothing")
    return _part(text)


def _part(text: str) -> Part:
    if "**" in text:
        raise GlobError(f"** stands alone between /, got {text!r}; within a part write *")
    for char in text:
        if char in _REFUSED:
            problem = "there are no sets, alternatives or escapes; ? stands for one character"
            raise GlobError(f"{char!r} is not allowed: {problem}")
    return Part(tuple(_token(char) for char in text))


def _token(char: str) -> Token:
    match char:
        case "?":
            return AnyChar()
        case "*":
            return AnyRun()
        case _:
            return char


def _path_pieces(glob: Glob) -> Iterator[str]:
    """Yield the pieces of the expression, for paths that have no empty part.

    What follows a `**` up to the next one is a fixed number of parts, so that the first place where
    it fits is as good as any later one. It is atomic: the matcher never comes back to it, and no
    path, however made, costs more than its length times the pattern's.
    """
    first, *rest = _segments(glob)
    # With no `**` at all, this is everything.
    yield "/".join(first)
    if not rest:
        return
    if first:
        yield "/"
    below = ""
    if len(rest) > 1 and not rest[-1]:
        # It ends with a `**`, which takes whatever is below.
        rest.pop()
        below = "/.+"
    *middle, last = rest
    for segment in middle:
        yield f"(?>(?:[^/]+/)*?{'/'.join(segment)}/)"
    # After the last of them, where it fits does not matter.
    yield f"(?:.*/)?{'/'.join(last)}{below}" if last else ".+"


def _segments(glob: Glob) -> list[list[str]]:
    """Return the expressions of the parts between the `**`; empty before one that comes first."""
    segments: list[list[str]] = [[]]
    for part in glob.parts:
        if isinstance(part, DoubleStar):
            segments.append([])
        else:
            segments[-1].append(_part_regex(part, "[^/]"))
    return segments


def _part_regex(part: Part, any_char: str) -> str:
    """Return the expression of one part. Runs are atomic up to the last, as in `_path_pieces`."""
    runs: list[str] = [""]
    for token in part.tokens:
        match token:
            case AnyRun():
                runs.append("")
            case AnyChar():
                runs[-1] += any_char
            case char:
                runs[-1] += re.escape(char)
    first, *rest = runs
    if not rest:
        return first
    *middle, last = rest
    # No name is empty: a part that is `*` and nothing else has a character.
    least = "*" if any(runs) else "+"
    atoms = "".join(f"(?>{any_char}*?{text})" for text in middle)
    return f"{first}{atoms}{any_char}{least}{last}"
