"""Which rules of a file can decide at all, and which of them its tests show at work.

- A rule is *reachable* if there is an effect that it decides. That is found out by the automaton
  and not by the tests: where a rule is not reachable, what decides in its place is named.
- A *hit* of a rule is a test that says it decides by that rule.
- A *near miss* of a rule is a test of an effect that the rule is not about, for one reason: kind,
  path, table or size, and all the rest of what it asks is met. It shows where the rule ends.
- A rule that asks nothing, of any kind there is, has no near miss and needs none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assize.model.effects import Decision, EffectKind
from assize_server.core import globs
from assize_server.core.automata import Allowance
from assize_server.core.deciding import decided, meetings
from assize_server.core.matching import Act, act_of_test
from assize_server.core.rules import DB_KINDS, EffectRules, Match, Rule, RuleTest


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """What the tests of a file show of one rule."""

    rule: str
    hits: int
    near_misses: int
    needs_near_miss: bool

    @property
    def is_covered(self) -> bool:
        """Whether the tests show where the rule holds and where it ends."""
        return self.hits > 0 and (self.near_misses > 0 or not self.needs_near_miss)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that never decides."""

    rule: Rule
    shadowed_by: tuple[str, ...]
    """Ids of the rules that decide wherever it matches; none: it matches nothing."""


def coverage(rules: EffectRules, tests: Sequence[RuleTest]) -> tuple[RuleCoverage, ...]:
    """Return what the tests show of each rule, in the order of the rules."""
    return tuple(
        RuleCoverage(
            rule=rule.id,
            hits=sum(test.by == rule.id for test in tests),
            near_misses=sum(len(failing(rule, act_of_test(test))) == 1 for test in tests),
            needs_near_miss=not _is_about_everything(rule.match),
        )
        for rule in rules.rules
    )


def failing(rule: Rule, act: Act) -> tuple[str, ...]:
    """Return what a rule asks that an act does not meet: `kind`, `path`, `table`, `over_bytes`.

    Of a rename, whose paths are asked one by one, the path is met if one of them meets it.
    """
    match = rule.match
    met = {
        "kind": act.kind in match.kinds,
        "path": match.path is None or _is_any(match.path, act.paths),
        "table": match.table is None or _is_table(rule, match.table, act),
        "over_bytes": match.over_bytes is None or act.size_bytes > match.over_bytes,
    }
    return tuple(name for name, is_met in met.items() if not is_met)


def unreachable(rules: EffectRules, allowance: Allowance) -> tuple[Unreachable, ...]:
    """Return the rules that decide on no effect that there can be, in their order.

    Raises:
        NotProven: The allowance does not suffice.
    """
    deciding = {
        rule.id
        for each in (rules, _about_special(rules))
        for found in decided((each,), allowance)
        for rule in found.rules
        if rule is not None
    }
    return tuple(
        Unreachable(rule, meetings(rules, rule, allowance))
        for rule in rules.rules
        if rule.id not in deciding
    )


def _about_special(rules: EffectRules) -> EffectRules:
    """Return the rules that deny what no workspace can hold, as if they were about another kind.

    It is denied in any case, and in no cell; but a rule that denies it is named as the one.
    """
    stand_in = frozenset({EffectKind.FS_DELETE})
    about = (
        replace(rule, match=replace(rule.match, kinds=stand_in))
        for rule in rules.rules
        if rule.then is Decision.DENY and EffectKind.FS_SPECIAL in rule.match.kinds
    )
    return replace(rules, rules=tuple(about))


def _is_any(glob: str, paths: Sequence[str]) -> bool:
    matches = globs.matcher(globs.parse(glob))
    return any(matches(path) for path in paths)


def _is_table(rule: Rule, glob: str, act: Act) -> bool:
    if act.kind not in DB_KINDS:
        return False
    if not act.table:
        return rule.then is not Decision.ALLOW
    return bool(globs.table_matcher(globs.parse_table(glob))(globs.lowered(act.table)))


def _is_about_everything(match: Match) -> bool:
    every_kind = frozenset(EffectKind) - {EffectKind.FS_SPECIAL}
    is_any = match.path is None and match.table is None and match.over_bytes is None
    return is_any and every_kind <= match.kinds
