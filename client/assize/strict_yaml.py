"""YAML without surprises, for the files that people write: specs and policies.

Read is the part of YAML that says one thing to every reader:

- Mappings with text keys, each once; sequences; one document.
- Plain scalars mean what they mean in JSON: `true`, `false`, `12`, `-0.5`, `1e-9`. Other plain
  scalars are text, unless some YAML version reads them as something else (`no`, `0755`, `1_000`,
  `1:30`, `2024-01-01`, `.5`, `1.10`): those are errors that ask for quotes.
- No null and no empty value: a key without a value is a mistake or should be left out.
- No anchors, aliases, tags, merge keys or directives.

Each value's position is kept, so that what checks the data later can name the line.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NoReturn, Protocol, cast

import yaml
from yaml.reader import ReaderError
from yaml.resolver import Resolver

MOST_CHARACTERS = 4 * 1024 * 1024
REMEMBERED_MOST = 64
"""Texts whose meaning is remembered."""
MOST_DEPTH = 64
_INT64 = range(-(2**63), 2**63)

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.(?P<fraction>[0-9]+))?([eE][-+]?[0-9]+)?")
# Numbers of the YAML 1.2 core schema, which the 1.1 resolver does not know all of.
_NUMBER_1_2 = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+")
# Booleans of the YAML 1.1 specification, which its own resolver leaves out.
_LETTERS = frozenset("yYnN")
# Raw, these are line breaks in YAML 1.1 and characters in YAML 1.2.
_AMBIGUOUS_BREAKS = re.compile("[\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_SHOWN = 40

Plain = bool | int | float | str | list["Plain"] | dict[str, "Plain"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; both count from 1."""

    line: int
    column: int


class YamlError(ValueError):
    """A file is not strict YAML, or its content is wrong; reads `file:line:column: problem`."""

    def __init__(self, source: str, position: Position, problem: str) -> None:
        super().__init__(f"{source}:{position.line}:{position.column}: {problem}")
        self.source = source
        self.position = position
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and where it says it."""

    source: str
    """The file's name, as errors show it."""
    data: Plain
    """Its content as plain data."""
    positions: Mapping[Path, Position]
    """Of each mapping entry (its key) and each sequence item (its value), by path; () is the root.
    """

    def position(self, path: Path) -> Position:
        """Return where `path` is, or where the nearest thing that holds it is."""
        known = tuple(path)
        while known and known not in self.positions:
            known = known[:-1]
        return self.positions[known]

    def error(self, path: Path, problem: str) -> YamlError:
        """Return the error to raise for a wrong value at `path`."""
        named = dotted(path)
        return YamlError(
            self.source, self.position(path), f"{named}: {problem}" if named else problem
        )


def load(text: str, source: str) -> Document:
    """Read one strict YAML document; `source` is the name that errors show.

    Raises:
        YamlError: With the line and column of the first thing that is wrong.
    """
    if len(text) > MOST_CHARACTERS:
        problem = f"too large: at most {MOST_CHARACTERS} characters, got {len(text)}"
        raise YamlError(source, Position(1, 1), problem)
    if found := _AMBIGUOUS_BREAKS.search(text):
        problem = f"U+{ord(found[0]):04X} must be written as an escape in double quotes"
        raise YamlError(source, _position_at(text, found.start()), problem)
    try:
        return replace(_read(text), source=source)
    except YamlError:
        # Once more, for an error that names the file.
        return _Reader(text, source).document()


@lru_cache(maxsize=REMEMBERED_MOST)
def _read(text: str) -> Document:
    """Read a text that may have been read before. Whoever gets the document changes nothing."""
    return _Reader(text, "").document()


def dotted(path: Path) -> str:
    """Return a path as people write it: `checks[0].stdout.exact`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


class _Mark(Protocol):
    """The part of a parser's mark that we use."""

    @property
    def line(self) -> int:
        """Lines before it."""
        ...

    @property
    def column(self) -> int:
        """Characters before it in its line."""
        ...


class _Parser(Protocol):
    """The part of PyYAML's loaders that we use, which its stubs leave untyped."""

    def get_event(self) -> yaml.Event:
        """Take the next event."""
        ...

    def get_mark(self) -> _Mark:
        """Return how far the scanner has come."""
        ...

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """Return the tag that YAML 1.1 gives to a plain scalar."""
        ...


@dataclass(slots=True)
class _Reader:
    """Builds plain data out of parser events, which still show anchors, tags and styles."""

    text: str
    source: str
    positions: dict[Path, Position] = field(default_factory=dict)
    parser: _Parser = field(init=False)

    def document(self) -> Document:
        """Read the only document of the stream."""
        try:
            self.parser = cast("_Parser", yaml.SafeLoader(self.text))
        except ReaderError as error:
            problem = f"character U+{_code_point(error.character):04X} is not allowed"
            at = _position_at(self.text, error.position)
            raise YamlError(self.source, at, problem) from error
        self._next()
        start = self._next()
        if isinstance(start, yaml.StreamEndEvent):
            self._refuse(start, "the file is empty")
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            self._refuse(start, "directives are not allowed")
        first = self._next()
        self.positions[()] = _position(first)
        data = self._value(first, ())
        self._next()
        rest = self._next()
        if not isinstance(rest, yaml.StreamEndEvent):
            self._refuse(rest, "only one document is allowed")
        return Document(self.source, data, self.positions)

    def _next(self) -> yaml.Event:
        try:
            return self.parser.get_event()
        except yaml.MarkedYAMLError as error:
            at = _position_of(error.problem_mark or error.context_mark)
            problem = " ".join(part for part in (error.problem, error.context) if part)
            raise YamlError(self.source, at, problem) from error
        except (ValueError, OverflowError) as error:
            # An escape beyond U+10FFFF makes the scanner fail in `chr`.
            at = _position_of(self.parser.get_mark())
            raise YamlError(self.source, at, "no such character") from error

    def _refuse(self, event: yaml.Event, problem: str) -> NoReturn:
        raise YamlError(self.source, _position(event), problem)

    def _value(self, event: yaml.Event, path: Path) -> Plain:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse(event, "anchors and aliases are not allowed; write the value out")
        if (tag := getattr(event, "tag", None)) is not None:
            self._refuse(event, f"tags are not allowed, got {str(tag)[:_MOST_SHOWN]!r}")
        if len(path) >= MOST_DEPTH:
            self._refuse(event, f"nested too deep: at most {MOST_DEPTH} levels")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: Path) -> list[Plain]:
        items: list[Plain] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.positions[here] = _position(event)
            items.append(self._value(event, here))
        return items

    def _mapping(self, path: Path) -> dict[str, Plain]:
        entries: dict[str, Plain] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._value(event, path) if isinstance(event, yaml.ScalarEvent) else None
            if not isinstance(key, str):
                self._refuse(event, "a key must be text; put it in quotes")
            here = (*path, key)
            if key in entries:
                first = self.positions[here]
                self._refuse(
                    event, f"key {key[:_MOST_SHOWN]!r} was already given in line {first.line}"
                )
            self.positions[here] = _position(event)
            entries[key] = self._value(self._next(), here)
        return entries

    def _scalar(self, event: yaml.ScalarEvent) -> Plain:
        text = self._characters(event)
        if event.style is not None:
            return text
        if text in {"true", "false"}:
            return text == "true"
        if _INTEGER.fullmatch(text):
            return self._integer(event, text)
        if decimal := _DECIMAL.fullmatch(text):
            return self._decimal(event, text, decimal["fraction"] or "")
        self._refuse_surprise(event, text)
        return text

    def _characters(self, event: yaml.ScalarEvent) -> str:
        """Return the scalar's text; pairs of surrogate escapes, as JSON has them, are joined."""
        text: str = event.value
        if not _SURROGATE.search(text):
            return text
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            self._refuse(event, "half of a surrogate pair is not a character")

    def _integer(self, event: yaml.Event, text: str) -> int:
        if len(text) > len(str(_INT64.start)) or (number := int(text)) not in _INT64:
            self._refuse(event, "an integer must fit in 64 bits; put it in quotes if it is text")
        return number

    def _decimal(self, event: yaml.Event, text: str, fraction: str) -> float:
        if len(fraction) > 1 and fraction.endswith("0"):
            problem = f"{text[:_MOST_SHOWN]} loses its last zero; put it in quotes if it is text"
            self._refuse(event, f"{problem}, else write the number without it")
        number = float(text)
        if not math.isfinite(number):
            self._refuse(event, f"{text[:_MOST_SHOWN]} is out of the range of a float")
        return number

    def _refuse_surprise(self, event: yaml.Event, text: str) -> None:
        tag = self.parser.resolve(yaml.ScalarNode, text, (True, False))
        if tag == "tag:yaml.org,2002:null":
            self._refuse(event, "there is no value here; give one or leave the key out")
        if tag == "tag:yaml.org,2002:bool" or text in _LETTERS:
            problem = f"{text} is a boolean in some YAML versions and text in others"
            self._refuse(event, f"{problem}; write true or false, or put it in quotes")
        if tag != Resolver.DEFAULT_SCALAR_TAG or _NUMBER_1_2.fullmatch(text):
            problem = f"{text[:_MOST_SHOWN]} is read differently by different YAML versions"
            self._refuse(event, f"{problem}; put it in quotes, or write a plain decimal number")


def _position(event: yaml.Event) -> Position:
    return _position_of(event.start_mark)


def _position_of(mark: _Mark | None) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)


def _position_at(text: str, index: int) -> Position:
    before = text[:index]
    return Position(before.count("\n") + 1, index - before.rfind("\n"))


def _code_point(character: object) -> int:
    return ord(character) if isinstance(character, str) else int(str(character))
