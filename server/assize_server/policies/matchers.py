"""What a static rule looks for: ast-grep's rule object, read more strictly than ast-grep reads it.

ast-grep ignores a key that it does not know beside one that it knows: `stopby: end` would be read
as if it were not there, and the rule would match less than it says. So every key is looked at here
first, at its place in the file, and ast-grep is asked afterwards whether it takes the whole.
The meaning of each key: https://ast-grep.github.io/reference/rule.html
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Final, cast

from ast_grep_py import Config, SgRoot

from assize.strict_yaml import Path

LANGUAGE: Final = "python"
ATOMIC: Final = ("pattern", "kind", "regex", "nthChild", "matches")
RELATIONAL: Final = ("inside", "has", "precedes", "follows")
COMPOSITE: Final = ("all", "any", "not")
KEYS: Final = (*ATOMIC, *RELATIONAL, *COMPOSITE)
"""All of ast-grep's but `range`: a rule on any source names no place in it."""
RELATION_KEYS: Final = (*KEYS, "stopBy", "field")
PATTERN_KEYS: Final = ("context", "selector", "strictness")
NTH_CHILD_KEYS: Final = ("position", "ofRule", "reverse")
STOPS: Final = ("neighbor", "end")

Fault = tuple[Path, str]
"""Where in the file, and what is wrong there."""


def faults(matcher: Mapping[str, object], place: Path) -> Iterator[Fault]:
    """Yield what is wrong with the keys of a rule object and of all within it."""
    yield from _rule(matcher, place, KEYS)


def refusal(config: Mapping[str, object]) -> str | None:
    """Return why ast-grep does not take `rule`, `constraints` and `utils` together, if so."""
    try:
        SgRoot("", LANGUAGE).root().find_all(cast("Config", config))
    except Exception as error:  # noqa: BLE001 - it raises bare ones
        return _reason(str(error))
    return None


def _reason(said: str) -> str:
    """Return ast-grep's causes in one line, without its stack."""
    lines = [line.strip() for line in said.partition("\n\nStack")[0].splitlines()]
    told = [line for line in lines if line and line not in {"cannot get matcher", "Caused by:"}]
    return " ".join(told)[:500]


def _rule(value: object, place: Path, known: tuple[str, ...]) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield place, f"this must be keys and values: {', '.join(known)}"
        return
    if not value:
        yield place, "this is empty, and would match everything or nothing"
    yield from _unknown(value, place, known)
    for key in value.keys() & set(known):
        yield from _entry(key, value[key], (*place, key))


def _entry(key: str, value: object, place: Path) -> Iterator[Fault]:
    if key in RELATIONAL:
        yield from _rule(value, place, RELATION_KEYS)
    elif key == "not":
        yield from _rule(value, place, KEYS)
    elif key in {"all", "any"}:
        yield from _several(value, place)
    elif key == "stopBy" and isinstance(value, dict):
        yield from _rule(value, place, KEYS)
    elif key == "stopBy" and value not in STOPS:
        yield place, f"this must be one of {', '.join(STOPS)} or a rule"
    elif key == "pattern" and isinstance(value, dict):
        yield from _unknown(value, place, PATTERN_KEYS)
    elif key == "nthChild" and isinstance(value, dict):
        yield from _unknown(value, place, NTH_CHILD_KEYS)
        if "ofRule" in value:
            yield from _rule(value["ofRule"], (*place, "ofRule"), KEYS)
    elif key != "nthChild" and not isinstance(value, str):
        yield place, "this must be text"


def _several(value: object, place: Path) -> Iterator[Fault]:
    if not isinstance(value, list) or not value:
        yield place, "this must be a list of rules with at least one"
        return
    for index, each in enumerate(value):
        yield from _rule(each, (*place, index), KEYS)


def _unknown(value: dict[str, object], place: Path, known: tuple[str, ...]) -> Iterator[Fault]:
    for key in value:
        if key not in known:
            close = difflib.get_close_matches(key[:40], known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            yield (*place, key), f"unknown key; {hint}"
