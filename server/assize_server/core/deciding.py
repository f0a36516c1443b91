"""Which rules of some lists decide together, over all effects that there can be.

One automaton for each cell; each combination comes with a shortest path. INVARIANT: the matcher
that the service weighs effects by is asked about every one of them, and has to say the same;
otherwise nothing is claimed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from assize.model.effects import Decision, EffectKind
from assize_server.core.automata import Allowance, NotProven, path_of, search, table_of
from assize_server.core.cells import Where, cells
from assize_server.core.matching import Act, Finder
from assize_server.core.outcomes import outcome
from assize_server.core.positions import Pattern
from assize_server.core.precedence import Combination
from assize_server.core.rules import EffectRules, Rule


@dataclass(frozen=True, slots=True)
class Example:
    """An effect."""

    kind: EffectKind
    path: str
    table: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Effects on which certain rules decide."""

    wheres: tuple[Where, ...]
    """Of which kinds and sizes; never empty."""
    word: str
    """A shortest path, with a table where it matters."""
    rules: tuple[Rule | None, ...]
    """Of each list, the rule that decides; None: its default."""

    @property
    def example(self) -> Example:
        """One of the effects: of the first kind, and as small as can be."""
        return _example(self.wheres[0], self.word)


def decided(
    lists: Sequence[EffectRules], allowance: Allowance, *, by_outcome: bool = False
) -> Iterator[Found]:
    """Yield which rules of each list decide together, cell by cell.

    With `by_outcome`, only one of several combinations that have the same outcomes.

    Raises:
        NotProven: The allowance does not suffice.
    """
    finders = [Finder(rules.rules) for rules in lists]
    for cell in cells(lists):
        levels = [
            _by_outcome(rules, asked) if by_outcome else [[rules.rules[index]] for index in asked]
            for rules, asked in zip(lists, cell.asked, strict=True)
        ]
        for combination, word in _searched(levels, allowance, tables=cell.tables).items():
            example = _example(cell.wheres[0], word)
            rules = tuple(_first(finder, example) for finder in finders)
            _confirm(levels, combination, rules, example)
            yield Found(cell.wheres, word, rules)


def meetings(rules: EffectRules, rule: Rule, allowance: Allowance) -> tuple[str, ...]:
    """Return the ids of the rules that decide on what a rule is about, in their order.

    Raises:
        NotProven: The allowance does not suffice.
    """
    alone = replace(rules, rules=(rule,))
    ids = {
        both[0].id
        for both in (found.rules for found in decided((rules, alone), allowance))
        if both[0] is not None and both[1] is not None
    }
    return tuple(each.id for each in rules.rules if each.id in ids)


def _by_outcome(rules: EffectRules, asked: Sequence[int]) -> list[list[Rule]]:
    """Return the rules, those together that are asked one after another and have one outcome."""
    ordered = [rules.rules[index] for index in asked]
    groups = groupby(ordered, key=lambda rule: outcome(rules, rule))
    levels = [(result, list(group)) for result, group in groups]
    while levels and levels[-1][0] == outcome(rules, None):
        levels.pop()
    return [level for _, level in levels]


def _searched(
    levels: Sequence[Sequence[Sequence[Rule]]], allowance: Allowance, *, tables: bool
) -> dict[Combination, str]:
    numbers: dict[Pattern, int] = {}
    orders = [
        tuple(
            frozenset(numbers.setdefault(_pattern(rule), len(numbers)) for rule in level)
            for level in each
        )
        for each in levels
    ]
    return search(tuple(numbers), orders, allowance, tables=tables)


def _pattern(rule: Rule) -> Pattern:
    # An effect that names no table may be about any; what allows does not get to guess.
    unnamed = rule.match.table is not None and rule.then is not Decision.ALLOW
    return Pattern(rule.match.path, rule.match.table, unnamed)


def _first(finder: Finder, example: Example) -> Rule | None:
    act = Act(example.kind, (example.path,), example.table, example.size_bytes)
    return finder.first(example.path, act)


def _confirm(
    levels: Sequence[Sequence[Sequence[Rule]]],
    combination: Combination,
    rules: Sequence[Rule | None],
    example: Example,
) -> None:
    for each, number, rule in zip(levels, combination, rules, strict=True):
        # Where no level decides, it is the default, or a rule that says no more than it.
        agree = (
            rule in each[number] if number < len(each) else not any(rule in level for level in each)
        )
        if not agree:
            raise NotProven(f"automaton and matcher disagree about {example}; please report it")


def _example(where: Where, word: str) -> Example:
    return Example(where.kind, path_of(word), table_of(word), where.sizes.least)
