"""Runs a static rule over its own fixtures: a wrong pattern is taken and matches nothing.

Beside "matches what it must, and not what it must not", each part of a rule must have a fixture
that needs it:

- each alternative of an `any`: taken alone, it matches one of `matches`;
- each `not`, and each alternative of an `any` within it: left out, some fixture comes out another
  way.

The fixtures are text of ours, and so are matched in this very process.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from ast_grep_py import Config, SgRoot

from assize.strict_yaml import Path, Position, dotted
from assize_server.policies import words
from assize_server.policies.matchers import LANGUAGE
from assize_server.policies.static_schema import Fixture, WrittenRule

NEVER: Final = {"regex": "a^"}
"""A rule object that matches nothing."""
LEFT_OUT: Final = "the words that Assize derived from the rule are wrong; please report that"
_SHOWN_MOST: Final = 60


@dataclass(frozen=True, slots=True)
class FixtureFault:
    """Something that a rule's fixtures show to be wrong."""

    rule: str
    """The rule's id."""
    file: str
    """Its file."""
    position: Position
    """Where in the file: of the fixture, or of the rule where none is to blame."""
    problem: str
    """What is wrong, and what to do."""

    def __str__(self) -> str:
        """Return it as errors of policy files read."""
        at = f"{self.file}:{self.position.line}:{self.position.column}"
        return f"{at}: {self.rule}: {self.problem}"


def faults_of(written: WrittenRule) -> Iterator[FixtureFault]:
    """Yield what is wrong with a rule or its fixtures."""
    sound = True
    for fixture, wanted in _expected(written):
        problem = _problem(fixture, written, wanted)
        if problem is not None:
            sound = False
            yield FixtureFault(
                written.rule.id, written.file, fixture.position, f"{problem}: {_shown(fixture)}"
            )
    if sound:
        for problem in _idle(written):
            yield FixtureFault(written.rule.id, written.file, written.position, problem)


def matches(config: Mapping[str, object], source: str) -> bool:
    """Tell whether a rule matches a source of ours.

    SECURITY: never for submitted source; that is what the analysis guest is for.
    """
    return SgRoot(source, LANGUAGE).root().find(cast("Config", config)) is not None


def _expected(written: WrittenRule) -> Iterator[tuple[Fixture, bool]]:
    yield from ((fixture, True) for fixture in written.matches)
    yield from ((fixture, False) for fixture in written.passes)


def _problem(fixture: Fixture, written: WrittenRule, wanted: bool) -> str | None:
    try:
        ast.parse(fixture.source)
    except (SyntaxError, ValueError) as error:
        # A near miss that is no Python is missed by everything.
        return f"this fixture is not Python ({error})"
    if matches(written.config, fixture.source) == wanted:
        return None if not wanted or words.present(written.rule.words, fixture.source) else LEFT_OUT
    return "the rule does not match" if wanted else "the rule must not match, and does"


def _shown(fixture: Fixture) -> str:
    text = json.dumps(fixture.source.strip(), ensure_ascii=False)
    return text if len(text) <= _SHOWN_MOST else f"{text[:_SHOWN_MOST]}…"


def _idle(written: WrittenRule) -> Iterator[str]:
    """Yield each part of a rule that no fixture needs: it may be malformed unseen."""
    for path in _parts(written.config, ()):
        if "not" in path:
            if not _differs(_replaced(written.config, path, NEVER), written):
                yield f"no fixture comes out another way without {dotted(path)}; add one that does"
        elif not _some(_alone(written.config, path), written.matches):
            yield f"{dotted(path)} alone matches none of `matches`; add one that needs it"


def _differs(config: object, written: WrittenRule) -> bool:
    known = cast("Mapping[str, object]", config)
    expected = _expected(written)
    return any(matches(known, fixture.source) != wanted for fixture, wanted in expected)


def _some(config: object, fixtures: Iterable[Fixture]) -> bool:
    known = cast("Mapping[str, object]", config)
    return any(matches(known, fixture.source) for fixture in fixtures)


def _parts(value: object, path: Path) -> Iterator[Path]:
    """Yield where each `not` and each alternative of an `any` is.

    What `utils` name is left out: it counts where it is used, once or often, within a `not` or not.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "not":
                yield (*path, key)
            if path or key != "utils":
                yield from _parts(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            if path[-1] == "any":
                yield (*path, index)
            yield from _parts(each, (*path, index))


def _replaced(value: object, path: Path, part: object) -> object:
    """Return the value with another part in one place."""
    if not path:
        return part
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, first: _replaced(value[first], rest, part)}
    items = list(cast("list[object]", value))
    items[cast("int", first)] = _replaced(items[cast("int", first)], rest, part)
    return items


def _alone(value: object, path: Path) -> object:
    """Return the value in which an alternative, and those that it is within, are the only ones."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        inner = value[first]
        if first == "any" and isinstance(inner, list):
            return {**value, first: [_alone(inner[cast("int", rest[0])], rest[1:])]}
        return {**value, first: _alone(inner, rest)}
    items = list(cast("list[object]", value))
    return _replaced(items, (first,), _alone(items[cast("int", first)], rest))
