"""Finds the rule of one policy file that decides on an act: the strictest that is about it.

Rules are asked in order of strictness, so that the first one that matches decides. Neighbours that
look at nothing but the path are asked with one regular expression.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from assize.model.effects import Decision, Effect, EffectKind, FileType
from assize_server.core import globs
from assize_server.core.rules import DB_KINDS, RENAMES, ROOT, Match, Rule, RuleTest

_ANY_PATH: Final = ".*"


@dataclass(frozen=True, slots=True)
class Act:
    """What rules are asked about: the part of an effect that they can see."""

    kind: EffectKind
    paths: tuple[str, ...]
    """Where it is; of a rename, also where it was. Each with `workspace/`."""
    table: str = ""
    """Of `db` kinds; empty where it is not known."""
    size_bytes: int = 0
    """Of what is there afterwards."""
    count: int = 1
    """What a budget counts it as."""


def act_of(effect: Effect) -> Act:
    """Return what rules see of an effect."""
    after = effect.after
    at = ROOT + effect.path
    return Act(
        kind=effect.kind,
        paths=(at, ROOT + effect.source) if effect.kind in RENAMES else (at,),
        table=effect.table,
        size_bytes=after.size_bytes if after and after.type is FileType.FILE else 0,
        count=max(1, effect.count) if effect.kind in DB_KINDS else 1,
    )


def act_of_test(test: RuleTest) -> Act:
    """Return what rules see of the effect of a policy's own test."""
    paths = (test.path, test.source) if test.kind in RENAMES else (test.path,)
    return Act(test.kind, paths, test.table, test.bytes)


def is_about(rule: Rule, path: str, act: Act) -> bool:
    """Tell whether a rule is about an act at this path of it. Slow, and what `Finder` must say."""
    if act.kind not in rule.match.kinds:
        return False
    text = rule.match.path
    if text is not None and not globs.matcher(globs.parse(text))(path):
        return False
    return _condition(rule).holds(act)


class Finder:
    """The rules of one file, ready to be asked."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._ordered = sorted(rules, key=lambda rule: -rule.then)
        self._steps = {
            kind: _steps([rule for rule in self._ordered if kind in rule.match.kinds])
            for kind in EffectKind
        }

    def first(self, path: str, act: Act) -> Rule | None:
        """Return the rule that decides on an act at this path of it, None where there is none."""
        for step in self._steps[act.kind]:
            if (found := step.first(path, act)) is not None:
                return found
        return None

    def about(self, act: Act) -> Iterator[Rule]:
        """Yield every rule that is about the act, the strictest first."""
        for rule in self._ordered:
            if any(is_about(rule, path, act) for path in act.paths):
                yield rule


@dataclass(frozen=True, slots=True)
class _Condition:
    """What a rule asks beside kind and path."""

    then: Decision
    table: globs.Matcher | None
    over_bytes: int | None

    @property
    def is_none(self) -> bool:
        return self.table is None and self.over_bytes is None

    def holds(self, act: Act) -> bool:
        if self.over_bytes is not None and act.size_bytes <= self.over_bytes:
            return False
        if self.table is None:
            return True
        if not act.table:
            # SECURITY: it may be any table, so that what forbids one forbids it, and what allows
            # one does not allow it.
            return self.then is not Decision.ALLOW
        return self.table(globs.lowered(act.table)) is not None


@dataclass(frozen=True, slots=True)
class _Step:
    """Rules that are asked at once, and the condition that they share."""

    rules: tuple[Rule, ...]
    pattern: re.Pattern[str]
    """One alternative for each rule, with an empty group at its end that tells which one it was: at
    its beginning it would keep the engine from skipping alternatives by their first letter."""
    condition: _Condition

    def first(self, path: str, act: Act) -> Rule | None:
        if (found := self.pattern.fullmatch(path)) is None or not found.lastindex:
            return None
        return self.rules[found.lastindex - 1] if self.condition.holds(act) else None


def _steps(ordered: list[Rule]) -> tuple[_Step, ...]:
    together: list[list[Rule]] = []
    for is_plain, group in groupby(ordered, key=lambda rule: _condition(rule).is_none):
        rules = list(group)
        together += [rules] if is_plain else [[rule] for rule in rules]
    return tuple(map(_step, together))


def _step(rules: list[Rule]) -> _Step:
    pattern = "|".join(f"{_path_regex(rule.match)}()" for rule in rules)
    return _Step(tuple(rules), re.compile(pattern, re.DOTALL), _condition(rules[0]))


def _path_regex(match: Match) -> str:
    return _ANY_PATH if match.path is None else globs.path_regex(globs.parse(match.path))


def _condition(rule: Rule) -> _Condition:
    text = rule.match.table
    table = None if text is None else globs.table_matcher(globs.parse_table(text))
    return _Condition(rule.then, table, rule.match.over_bytes)
