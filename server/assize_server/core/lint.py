"""What is suspicious in the rules of a policy file, although it loads.

| code | |
|---|---|
| `unreachable` | the rule never decides: stricter or earlier ones do wherever it matches |
| `duplicate` | an earlier rule asks and says the very same |
| `untested` | no test is decided by it |
| `no-near-miss` | no test shows where it ends |
| `short-why` | its `why` does not say why |
| `costly-glob` | its pattern alone needs more states than a proof can spare |
| `nobody` | fewer people can approve than its quorum asks for |
| `no-budget` | a note: it allows without end |
| `not-proven` | the rules are too entangled to say which are reachable |
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from assize.model.effects import Decision
from assize_server.core.automata import Allowance, NotProven, search
from assize_server.core.coverage import coverage, unreachable
from assize_server.core.positions import Pattern
from assize_server.core.rules import EffectRules, Rule, RuleTest

LEAST_WORDS: Final = 3
"""In a `why`."""
MOST_STATES_OF_A_GLOB: Final = 2_000
"""Ordinary patterns take a few more states than they have characters."""


class Severity(StrEnum):
    """How much a remark weighs."""

    ERROR = "error"
    """It fails the lint."""
    NOTE = "note"
    """It is told."""
    UNKNOWN = "unknown"
    """It could not be found out, and that fails the lint, too."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is suspicious."""

    code: str
    """As in the table above."""
    severity: Severity
    rule: int | None
    """The index of the rule; None: it is about all of them."""
    key: str
    """The key of the rule that it is about, such as `why`."""
    text: str


def lint(
    rules: EffectRules,
    tests: Sequence[RuleTest],
    people: Mapping[str, frozenset[str]] | None = None,
    allowance: Allowance | None = None,
) -> tuple[Remark, ...]:
    """Return what is suspicious, by rule. `people` are the groups of each approver, if known."""
    remarks = [
        *_unreachable(rules, allowance or Allowance()),
        *_duplicates(rules),
        *_coverage(rules, tests),
        *_each_rule(rules, people),
    ]
    duplicates = {each.rule for each in remarks if each.code == "duplicate"}
    kept = (each for each in remarks if each.code != "unreachable" or each.rule not in duplicates)
    return tuple(sorted(kept, key=lambda each: -1 if each.rule is None else each.rule))


def _unreachable(rules: EffectRules, allowance: Allowance) -> Iterator[Remark]:
    try:
        found = unreachable(rules, allowance)
    except NotProven as error:
        yield Remark("not-proven", Severity.UNKNOWN, None, "rules", str(error))
        return
    for each in found:
        shadows = ", ".join(each.shadowed_by)
        text = f"it never decides: {shadows} decide{'s' * (len(each.shadowed_by) == 1)} first"
        if not shadows:
            text = "it never decides: nothing that there can be matches it"
        yield Remark("unreachable", Severity.ERROR, rules.rules.index(each.rule), "match", text)


def _duplicates(rules: EffectRules) -> Iterator[Remark]:
    first: dict[Rule, str] = {}
    for index, rule in enumerate(rules.rules):
        meaning = replace(rule, id="", why="")
        if meaning in first:
            text = f"it asks and says the same as {first[meaning]}; leave one out"
            yield Remark("duplicate", Severity.ERROR, index, "match", text)
        first.setdefault(meaning, rule.id)


def _coverage(rules: EffectRules, tests: Sequence[RuleTest]) -> Iterator[Remark]:
    for index, each in enumerate(coverage(rules, tests)):
        if not each.hits:
            text = f"no test is decided by {each.rule}; add an effect that it decides"
            yield Remark("untested", Severity.ERROR, index, "id", text)
        if not each.near_misses and each.needs_near_miss:
            text = (
                f"no test just misses {each.rule}; add an effect that meets all it asks but one of "
                "kind, path, table and size"
            )
            yield Remark("no-near-miss", Severity.ERROR, index, "id", text)


def _each_rule(rules: EffectRules, people: Mapping[str, frozenset[str]] | None) -> Iterator[Remark]:
    for index, rule in enumerate(rules.rules):
        if len(rule.why.split()) < LEAST_WORDS:
            text = f"{rule.why!r} does not say why; whoever is held or denied reads it"
            yield Remark("short-why", Severity.ERROR, index, "why", text)
        if _is_costly(rule):
            text = (
                f"its patterns need more than {MOST_STATES_OF_A_GLOB} states by themselves; use "
                "fewer * and ?, or several rules"
            )
            yield Remark("costly-glob", Severity.ERROR, index, "match", text)
        if rule.then is Decision.ALLOW and rule.budget is None:
            text = "it allows any number of effects in one run; limits would bound them"
            yield Remark("no-budget", Severity.NOTE, index, "then", text)
        if people is not None and rule.approval is not None:
            yield from _nobody(index, rule, people)


def _nobody(index: int, rule: Rule, people: Mapping[str, frozenset[str]]) -> Iterator[Remark]:
    if rule.approval is None:
        return
    able = sum(bool(groups & rule.approval.groups) for groups in people.values())
    if able < rule.approval.quorum:
        named = ", ".join(sorted(rule.approval.groups))
        text = f"{rule.approval.quorum} of {named} must agree, and there are {able} people"
        yield Remark("nobody", Severity.ERROR, index, "approval", text)


def _is_costly(rule: Rule) -> bool:
    match = rule.match
    pattern = Pattern(match.path, match.table)
    order = (frozenset({0}),)
    try:
        allowance = Allowance(MOST_STATES_OF_A_GLOB)
        search([pattern], [order], allowance, tables=match.table is not None)
    except NotProven:
        return True
    return False
