"""What a policy's rules say of a run: which rule decides, budgets, layers, approvals."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import policies as drawn

from assize.model.effects import Decision, Effect, EffectKind, FileState, FileType
from assize_server.core.matching import Finder, act_of, is_about
from assize_server.core.rules import (
    DB_KINDS,
    DEFAULT_RULE,
    FS_KINDS,
    SPECIAL_RULE,
    Approval,
    Budget,
    EffectRules,
    Match,
    Rule,
    combined,
)
from assize_server.core.weighing import Weighing, explain, weigh

OWNERS = Approval(frozenset({"owners"}), 1, 900)
PAIR = Approval(frozenset({"owners", "security"}), 2, 3600)
ALLOW, HOLD, DENY = Decision.ALLOW, Decision.HOLD, Decision.DENY


def rule(name: str, then: Decision, path: str | None, *kinds: EffectKind, **more: object) -> Rule:
    """Return a rule; of no kinds given, about all of the file system's."""
    match = Match(frozenset(kinds) or FS_KINDS, path)
    approval = OWNERS if then is HOLD or "budget" in more else None
    return replace(Rule(name, f"why {name}", match, then, None, approval), **more)  # type: ignore[arg-type]


def denying(*rules: Rule) -> tuple[EffectRules, ...]:
    """Return the one layer of a policy that denies what no rule is about."""
    return (EffectRules(DENY, rules),)


def effect(path: str, kind: EffectKind = EffectKind.FS_WRITE, size: int = 1) -> Effect:
    """Return one effect."""
    return Effect(kind, path, after=FileState(FileType.FILE, 0o644, size))


def decided(weighing: Weighing) -> list[tuple[Decision, str]]:
    """Return what was decided of each effect, and by which rule."""
    return [(each.decision, each.rule) for each in weighing.effects]


def test_strictest_rule_decides_whatever_the_order() -> None:
    """Moving a rule up or down never makes anything laxer."""
    rules = (
        rule("A", ALLOW, "workspace/**"),
        rule("H", HOLD, "workspace/a/**"),
        rule("D", DENY, "**/.git/**"),
    )
    effects = [effect("x"), effect("a/x"), effect("a/.git/x")]
    wanted = [(ALLOW, "A"), (HOLD, "H"), (DENY, "D")]
    assert decided(weigh(denying(*rules), effects)) == wanted
    assert decided(weigh(denying(*reversed(rules)), effects)) == wanted


def test_first_of_equally_strict_rules_decides_with_its_approval() -> None:
    """Its why, its budget and its approval are those that hold."""
    first, second = rule("A", HOLD, "**"), rule("B", HOLD, "**", approval=PAIR)
    weighing = weigh(denying(first, second), [effect("x")])
    assert (decided(weighing), weighing.approval) == ([(HOLD, "A")], OWNERS)
    assert weighing.effects[0].why == "why A"
    assert weigh(denying(second, first), [effect("x")]).approval == PAIR


@pytest.mark.parametrize("layers", [(), (EffectRules(DENY, ()),)])
def test_nothing_said_denies(layers: tuple[EffectRules, ...]) -> None:
    """No policy, and a policy without rules, let nothing land."""
    assert decided(weigh(layers, [effect("x")])) == [(DENY, DEFAULT_RULE)]


def test_run_that_changes_nothing_is_allowed() -> None:
    """There is nothing to decide on."""
    assert weigh(denying(), []) == Weighing((), ALLOW)


def test_special_is_denied_whatever_is_allowed() -> None:
    """Not even a policy that allows by default; a rule that denies it is named."""
    special = effect("pipe", EffectKind.FS_SPECIAL)
    lax = (EffectRules(ALLOW, (rule("A", ALLOW, "**"),)),)
    assert decided(weigh(lax, [special])) == [(DENY, SPECIAL_RULE)]
    assert decided(weigh(denying(rule("D", DENY, "**")), [special])) == [(DENY, "D")]


@pytest.mark.parametrize(("source", "path"), [(".git/x", "x"), ("x", ".git/x")])
def test_rename_is_weighed_at_both_of_its_paths(source: str, path: str) -> None:
    """Moving something out of a place is as much a change of it as moving something in."""
    rules = denying(rule("A", ALLOW, "workspace/**"), rule("D", DENY, "**/.git/**"))
    moved = replace(effect(path, EffectKind.FS_RENAME), source=source)
    assert decided(weigh(rules, [moved])) == [(DENY, "D")]
    moved = replace(moved, source="a", path="b")
    assert decided(weigh(rules, [moved])) == [(ALLOW, "A")]


def test_rename_into_the_workspace_from_where_no_rule_is_about_is_the_default() -> None:
    """Both paths must be allowed."""
    rules = denying(rule("A", ALLOW, "workspace/a/**"))
    moved = replace(effect("a/x", EffectKind.FS_RENAME), source="b/x")
    assert decided(weigh(rules, [moved])) == [(DENY, DEFAULT_RULE)]


def test_budget_counts_in_order_of_path_and_holds_what_is_beyond() -> None:
    """The order in which effects are told does not matter; the why says what was allowed."""
    budget = Budget(count=2, bytes=None)
    rules = denying(rule("A", ALLOW, "**", budget=budget))
    weighing = weigh(rules, [effect("c"), effect("a"), effect("b")])
    assert decided(weighing) == [(HOLD, "A"), (ALLOW, "A"), (ALLOW, "A")]
    assert weighing.effects[0].why == "Beyond 2 in one run. why A"
    assert (weighing.decision, weighing.approval) == (HOLD, OWNERS)


def test_budget_of_bytes_holds_all_that_comes_after() -> None:
    """What would still fit after something too large is held too: a budget is not refilled."""
    rules = denying(rule("A", ALLOW, "**", budget=Budget(bytes=10)))
    weighing = weigh(rules, [effect("a", size=8), effect("b", size=8), effect("c", size=1)])
    assert [each.decision for each in weighing.effects] == [ALLOW, HOLD, HOLD]


def test_budget_counts_rows_of_databases_and_a_rename_once() -> None:
    """One effect may be many rows; one rename is one effect, though it has two paths."""
    kinds = (EffectKind.DB_INSERT, EffectKind.FS_RENAME)
    rules = denying(rule("A", ALLOW, "**", *kinds, budget=Budget(count=3)))
    rows = Effect(EffectKind.DB_INSERT, "a.db", table="main.t", count=2)
    moved = replace(effect("c", EffectKind.FS_RENAME), source="b")
    assert weigh(rules, [rows, moved]).decision is ALLOW
    assert weigh(rules, [replace(rows, count=3), moved]).decision is HOLD
    assert weigh(rules, [replace(rows, count=-5), moved, moved, moved]).decision is HOLD


def test_size_decides_where_a_rule_asks_for_it() -> None:
    """Larger than so much, and not as large."""
    large = replace(rule("L", HOLD, "**"), match=Match(FS_KINDS, "**", over_bytes=100))
    rules = denying(rule("A", ALLOW, "**"), large)
    weighing = weigh(rules, [effect("a", size=100), effect("b", size=101)])
    assert decided(weighing) == [(ALLOW, "A"), (HOLD, "L")]


@pytest.mark.parametrize(("then", "wanted"), [(ALLOW, DENY), (HOLD, HOLD), (DENY, DENY)])
def test_change_of_an_unknown_table_is_never_allowed_for_one_that_is_named(
    then: Decision, wanted: Decision
) -> None:
    """It may be the very table that is protected."""
    about = replace(rule("T", then, None), match=Match(DB_KINDS, table="main.logs"))
    unknown = Effect(EffectKind.DB_UNATTRIBUTABLE, "a.db")
    assert weigh(denying(about), [unknown]).decision is wanted


def test_holds_of_a_run_need_one_approval_that_meets_all() -> None:
    """The largest quorum, the shortest time, the groups that all name."""
    rules = denying(rule("A", HOLD, "workspace/a"), rule("B", HOLD, "workspace/b", approval=PAIR))
    weighing = weigh(rules, [effect("a"), effect("b")])
    assert weighing.approval == Approval(frozenset({"owners"}), 2, 900)


def test_holds_that_share_no_group_are_a_denial_that_says_so() -> None:
    """What nobody could approve is not asked for."""
    other = Approval(frozenset({"lawyers"}), 1, 60)
    rules = denying(rule("A", HOLD, "workspace/a"), rule("B", HOLD, "workspace/b", approval=other))
    weighing = weigh(rules, [effect("a"), effect("b")])
    assert (weighing.decision, weighing.approval) == (DENY, None)
    assert weighing.why == ("Nobody could approve it: no group is named by all that hold (A, B).")
    assert weigh(rules, [effect("a")]).decision is HOLD


def test_layers_that_share_no_group_deny_the_effect() -> None:
    """The same, for one effect that two layers hold."""
    other = Approval(frozenset({"lawyers"}), 1, 60)
    layers = (*denying(rule("A", HOLD, "**")), *denying(rule("B", HOLD, "**", approval=other)))
    assert decided(weigh(layers, [effect("a")])) == [(DENY, "A")]


def test_hold_without_anybody_to_ask_denies() -> None:
    """A record that lacks its approval never passes for one that needs none."""
    rules = (EffectRules(HOLD, ()),)
    assert weigh(rules, [effect("a")]).decision is DENY
    with_approval = (EffectRules(HOLD, (), OWNERS),)
    assert weigh(with_approval, [effect("a")]).approval == OWNERS


def test_lower_layer_tightens_and_upper_one_is_named_where_both_agree() -> None:
    """The maximum over layers; its first layer's rule."""
    org = denying(rule("O", ALLOW, "workspace/**"))
    team = (EffectRules(ALLOW, (rule("T", DENY, "workspace/a"),)),)
    weighing = weigh(org + team, [effect("a"), effect("b")])
    assert decided(weighing) == [(DENY, "T"), (ALLOW, "O")]


def test_explanation_names_layer_and_every_rule_that_is_about_the_effect() -> None:
    """The one that decides in its layer is marked."""
    org = denying(rule("O", ALLOW, "workspace/**"), rule("P", ALLOW, "**"))
    team = (EffectRules(ALLOW, (rule("T", HOLD, "workspace/a"),)),)
    found = explain(org + team, act_of(effect("a")))
    assert (found.said.rule, found.layer) == ("T", 1)
    assert [(each.layer, each.rule.id, each.decides) for each in found.matched] == [
        (0, "O", True),
        (0, "P", False),
        (1, "T", True),
    ]
    found = explain((EffectRules(ALLOW, ()), EffectRules(DENY, ())), act_of(effect("a")))
    assert (found.said.rule, found.layer) == (DEFAULT_RULE, 1)


@given(drawn.rule_sets(), drawn.effects())
def test_finder_agrees_with_asking_each_rule_by_itself(rules: EffectRules, one: Effect) -> None:
    """Regular expressions that were put together change no decision."""
    act = act_of(one)
    for path in act.paths:
        about = [each for each in rules.rules if is_about(each, path, act)]
        strictest = max(about, key=lambda each: each.then) if about else None
        assert Finder(rules.rules).first(path, act) == strictest


@given(
    st.lists(drawn.rule_sets("A"), min_size=1, max_size=2).map(tuple),
    drawn.rule_sets("B"),
    st.lists(drawn.effects(), max_size=6),
)
def test_layer_never_loosens_what_is_above_it(
    upper: tuple[EffectRules, ...], lower: EffectRules, effects: list[Effect]
) -> None:
    """Neither an effect nor the run, nor who must agree."""
    before, after = weigh(upper, effects), weigh((*upper, lower), effects)
    for one, other in zip(before.effects, after.effects, strict=True):
        assert other.decision >= one.decision
    assert after.decision >= before.decision
    if before.decision is after.decision is HOLD:
        assert before.approval is not None
        assert after.approval is not None
        assert combined([before.approval, after.approval]) == after.approval


@given(drawn.rule_sets("A"), drawn.rule_sets("B"), st.lists(drawn.effects(), max_size=6))
def test_order_of_layers_and_saying_it_twice_change_no_decision(
    one: EffectRules, other: EffectRules, effects: list[Effect]
) -> None:
    """Only which of two equally strict rules is named depends on the order."""
    first, second = weigh((one, other), effects), weigh((other, one), effects)
    assert [each.decision for each in first.effects] == [each.decision for each in second.effects]
    assert (first.decision, first.approval) == (second.decision, second.approval)
    assert weigh((one, one), effects) == weigh((one,), effects)


@given(drawn.rule_sets(), st.lists(drawn.effects(), max_size=6))
def test_order_in_which_effects_are_told_changes_no_outcome(
    rules: EffectRules, effects: list[Effect]
) -> None:
    """Budgets count by path; the run's decision is that of the set."""
    mixed = sorted(effects, key=lambda each: (each.count, each.path))
    assert weigh((rules,), effects).decision == weigh((rules,), mixed).decision
