"""The difference of two lists of rules: complete, exact, and with shortest examples."""

import itertools
from collections.abc import Iterable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assize.model.effects import Decision, EffectKind
from assize_server.core.automata import NotProven
from assize_server.core.deciding import Example
from assize_server.core.differences import RuleDifference, Subject, compare
from assize_server.core.matching import Act, Finder
from assize_server.core.outcomes import Direction, Outcome, change, outcome
from assize_server.core.rules import (
    DB_KINDS,
    FS_KINDS,
    SIZED_KINDS,
    Approval,
    Budget,
    EffectRules,
    Match,
    Rule,
)

OWNERS = Approval(frozenset({"owners"}), quorum=1, ttl_seconds=900)
SECURITY = Approval(frozenset({"security"}), quorum=1, ttl_seconds=900)
DELETE = EffectKind.FS_DELETE
WRITE = EffectKind.FS_WRITE
MB = 1_000_000


def allow(name: str, path: str | None = None, budget: Budget | None = None) -> Rule:
    """A rule that allows."""
    return Rule(name, "a test", Match(FS_KINDS, path), Decision.ALLOW, budget, OWNERS)


def hold(name: str, path: str | None = None, approval: Approval = OWNERS) -> Rule:
    """A rule that holds."""
    return Rule(name, "a test", Match(FS_KINDS, path), Decision.HOLD, None, approval)


def deny(name: str, path: str | None = None) -> Rule:
    """A rule that denies."""
    return Rule(name, "a test", Match(FS_KINDS, path), Decision.DENY)


def rules(*each: Rule, default: Decision = Decision.DENY) -> EffectRules:
    """A file's rules."""
    approval = OWNERS if default is Decision.HOLD else None
    return EffectRules(default, each, approval)


def only(old: EffectRules, new: EffectRules) -> RuleDifference:
    """Return the one difference there is."""
    (difference,) = compare(old, new).differences
    return difference


def test_everything_below_git_narrowed_to_what_is_in_it_shows_the_shortest_path_let_through() -> (
    None
):
    """`**/.git/*` says nothing of what is deeper."""
    old = rules(allow("ALL"), deny("GIT", "**/.git/**"))
    new = rules(allow("ALL"), deny("GIT", "**/.git/*"))
    difference = only(old, new)
    assert difference.subject is Subject.DECISION
    assert difference.direction is Direction.LOOSENED
    assert difference.example.path == ".git/x/x"
    assert (difference.old.rule, difference.new.rule) == ("GIT", "ALL")
    assert {where.kind for where in difference.wheres} == FS_KINDS - {EffectKind.FS_SPECIAL}
    assert only(new, old).direction is Direction.TIGHTENED


def test_hold_that_allows_above_a_size_is_found_with_the_smallest_such_size() -> None:
    """The threshold itself is decided as before."""
    match = Match(frozenset({WRITE}), "workspace/**")
    big = Match(frozenset({WRITE}), "workspace/**", over_bytes=MB)
    old = rules(Rule("HOLD", "a test", match, Decision.HOLD, None, OWNERS))
    new_rule = Rule("BIG", "a test", big, Decision.ALLOW)
    assert compare(old, rules(old.rules[0], new_rule)).differences == ()
    allowed = only(
        rules(old.rules[0], default=Decision.ALLOW),
        rules(Rule("HOLD", "a test", big, Decision.HOLD, None, OWNERS), default=Decision.ALLOW),
    )
    assert allowed.example == Example(WRITE, "workspace/x")
    assert [(where.sizes.least, where.sizes.most) for where in allowed.wheres] == [(0, MB)]
    above = only(rules(new_rule), rules())
    assert above.example == Example(WRITE, "workspace/x", size_bytes=MB + 1)


def test_rule_moved_above_an_equally_strict_one_shows_what_is_now_approved_by_others() -> None:
    """Of equally strict rules the first decides, and with it who may approve."""
    first, second = hold("A", "workspace/**"), hold("B", "**/*.csv", SECURITY)
    difference = only(rules(first, second), rules(second, first))
    assert difference.subject is Subject.OBLIGATIONS
    assert difference.direction is Direction.MIXED
    assert difference.example.path == "workspace/.csv"
    assert (difference.old.rule, difference.new.rule) == ("A", "B")


def test_rules_in_another_order_that_decide_alike_are_proven_equal() -> None:
    """Between strictnesses the order means nothing, nor where no path meets both."""
    each = (
        allow("ALL", "workspace/**"),
        deny("GIT", "**/.git/**"),
        hold("CSV", "workspace/*.csv"),
        hold("TXT", "workspace/*.txt", SECURITY),
    )
    for order in itertools.permutations(each):
        assert compare(rules(*each), rules(*order)).differences == ()


def test_globs_written_otherwise_that_say_the_same_are_proven_equal() -> None:
    """One rule split into two halves, and one that nothing reaches, change no decision."""
    old = rules(deny("ALL", "**/*"), default=Decision.ALLOW)
    new = rules(
        deny("ONE", "*"),
        deny("MORE", "*/**"),
        deny("NONE", "a/**/b"),
        default=Decision.ALLOW,
    )
    differences = compare(old, new).differences
    assert {each.subject for each in differences} == {Subject.RULE}
    assert {each.direction for each in differences} == {Direction.SAME}


def test_budget_split_over_two_rules_is_looser() -> None:
    """Each effect is decided as before, and twice as many of them are allowed."""
    budget = Budget(count=5)
    old = rules(allow("ONE", "*/**", budget))
    new = rules(allow("ONE", "a/**", budget), allow("REST", "*/**", budget))
    loosened = [each for each in compare(old, new).differences if each.direction.loosens]
    (difference,) = loosened
    assert difference.subject is Subject.SHARING
    assert difference.beside is not None
    assert {difference.example.path, difference.beside.path} == {"a/x", "x/x"}
    tightened = [each for each in compare(new, old).differences if each.direction.loosens]
    assert tightened == []


def test_table_rule_narrowed_shows_path_and_table() -> None:
    """And an effect that names no table counts as any of them."""
    inserts = frozenset({EffectKind.DB_INSERT})
    old = rules(
        Rule("T", "a test", Match(inserts, None, "main.*"), Decision.DENY), default=Decision.ALLOW
    )
    new = rules(
        Rule("T", "a test", Match(inserts, None, "main.a*"), Decision.DENY), default=Decision.ALLOW
    )
    difference = only(old, new)
    assert difference.example == Example(EffectKind.DB_INSERT, "x", "main.x")
    assert difference.direction is Direction.LOOSENED


def test_hold_that_nobody_can_end_is_a_denial() -> None:
    """So that turning it into one changes nothing."""
    nobody = Approval(frozenset(), quorum=1, ttl_seconds=900)
    difference = only(rules(hold("A", "a", nobody)), rules(deny("B", "a")))
    assert difference.subject is Subject.RULE


def test_difference_that_takes_too_long_is_not_proven() -> None:
    """Nothing is claimed, not even what was found."""
    with pytest.raises(NotProven):
        compare(rules(deny("A", "**/a/**")), rules(deny("A", "**/b/**")), most_states=4)


def test_rules_that_cannot_be_told_apart_in_time_are_still_proven_equal() -> None:
    """Fifty rules backwards: each pair of them decides somewhere, always with one outcome."""
    each = tuple(deny(f"R{index}", f"**/name{index:02}/**") for index in range(50))
    old, new = (rules(*order, default=Decision.ALLOW) for order in (each, each[::-1]))
    comparison = compare(old, new, most_states=20_000)
    assert comparison.differences == ()
    assert not comparison.tells_rules_apart


PARTS = ("a", "*", "**", "a*", "*a", ".a")
SIZES = (5, 6, 8)
"""One of each range that the thresholds make."""
LONGEST = 4
approvals = st.builds(
    Approval,
    st.frozensets(st.sampled_from(["a", "b"]), max_size=2),
    st.integers(1, 2),
    st.integers(1, 2),
)
budgets = st.builds(Budget, st.none() | st.integers(1, 2), st.none() | st.integers(1, 2))


@st.composite
def random_rules(draw: st.DrawFn) -> EffectRules:
    """A few rules over few kinds and characters."""
    count = draw(st.integers(0, 4))
    return EffectRules(
        draw(st.sampled_from(Decision)),
        tuple(draw(random_rule(f"R{index}")) for index in range(count)),
        draw(st.none() | approvals),
    )


@st.composite
def random_rule(draw: st.DrawFn, name: str) -> Rule:
    """One rule; a table or a size only of the kinds that have it."""
    kinds = draw(st.sampled_from([{WRITE}, {DELETE}, {WRITE, DELETE}, DB_KINDS, set(EffectKind)]))
    parts = draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3))
    path = "/".join(part for part, _ in itertools.groupby(parts))
    table = draw(st.none() | st.sampled_from(["a.*", "*.a"])) if kinds == DB_KINDS else None
    over = draw(st.none() | st.sampled_from([5, 7])) if kinds <= SIZED_KINDS else None
    return Rule(
        name,
        "a test",
        Match(frozenset(kinds), draw(st.sampled_from([None, path])), table, over),
        draw(st.sampled_from(Decision)),
        draw(st.none() | budgets),
        draw(st.none() | approvals),
    )


def _acts() -> Iterable[Example]:
    paths = [
        path
        for length in range(1, LONGEST + 1)
        for path in map("".join, itertools.product("ax./", repeat=length))
        if not {"", ".", ".."} & set(path.split("/"))
    ]
    for path, kind in itertools.product(paths, frozenset(EffectKind) - {EffectKind.FS_SPECIAL}):
        if kind in DB_KINDS:
            yield from (Example(kind, path, table) for table in ("", "a.a", "a.x", "x.a", "x.x"))
        else:
            sizes = SIZES if kind in SIZED_KINDS else (0,)
            yield from (Example(kind, path, "", size) for size in sizes)


ACTS = tuple(_acts())


@settings(max_examples=60, deadline=None)
@given(old=random_rules(), new=random_rules())
def test_differences_are_those_that_trying_all_effects_finds(
    old: EffectRules, new: EffectRules
) -> None:
    """Each difference is real, none is missing, and no path that shows it is shorter."""
    shortest: dict[tuple[str, str], int] = {}
    for act in ACTS:
        before, after = _weighed(old, act), _weighed(new, act)
        if change(before[1], after[1]) is not Direction.SAME:
            key = (before[0], after[0])
            shortest[key] = min(shortest.get(key, len(act.path)), len(act.path))
    found = {
        (each.old.rule, each.new.rule): each
        for each in compare(old, new).differences
        if each.subject in {Subject.DECISION, Subject.OBLIGATIONS}
    }
    for key, length in shortest.items():
        assert len(found[key].example.path) == length
    for key, each in found.items():
        assert key in shortest or len(each.example.path) > LONGEST
        before, after = _weighed(old, each.example), _weighed(new, each.example)
        assert (before, after) == (
            (each.old.rule, each.old.outcome),
            (each.new.rule, each.new.outcome),
        )


@cache
def _finder(each: EffectRules) -> Finder:
    return Finder(each.rules)


def _weighed(each: EffectRules, example: Example) -> tuple[str, Outcome]:
    act = Act(example.kind, (example.path,), example.table, example.size_bytes)
    rule = _finder(each).first(example.path, act)
    return ("default" if rule is None else rule.id), outcome(each, rule)
