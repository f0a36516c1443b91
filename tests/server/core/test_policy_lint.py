"""What is suspicious in a policy file, and what its tests show."""

from dataclasses import replace

from assize.model.effects import Decision, EffectKind
from assize_server.core.automata import Allowance
from assize_server.core.coverage import coverage, unreachable
from assize_server.core.lint import MOST_STATES_OF_A_GLOB, Remark, Severity, lint
from assize_server.core.matching import Act
from assize_server.core.reasons import reasons
from assize_server.core.rules import (
    DB_KINDS,
    FS_KINDS,
    Approval,
    EffectRules,
    Match,
    Rule,
    RuleTest,
)

OWNERS = Approval(frozenset({"owners"}), quorum=2, ttl_seconds=900)
WHY = "It is for a test."
WRITE = EffectKind.FS_WRITE


def rule(name: str, then: Decision, path: str | None = None, **match: object) -> Rule:
    """A rule with a good reason."""
    kinds = match.pop("kinds", FS_KINDS)
    approval = OWNERS if then is Decision.HOLD else None
    return Rule(name, WHY, Match(kinds, path, **match), then, None, approval)  # type: ignore[arg-type]


def file(*rules: Rule) -> EffectRules:
    """The rules of a file that denies by default."""
    return EffectRules(Decision.DENY, rules)


def codes(remarks: tuple[Remark, ...]) -> set[str]:
    """Return the codes of the errors."""
    return {each.code for each in remarks if each.severity is Severity.ERROR}


def test_rule_below_a_stricter_one_is_unreachable_and_its_shadow_is_named() -> None:
    """Whatever the order in the file."""
    rules = file(
        rule("CSV", Decision.ALLOW, "data/*.csv"),
        rule("DATA", Decision.HOLD, "data/**"),
        rule("REST", Decision.ALLOW, "**"),
    )
    (found,) = unreachable(rules, Allowance())
    assert (found.rule.id, found.shadowed_by) == ("CSV", ("DATA",))


def test_rule_that_several_others_cover_together_is_unreachable() -> None:
    """Neither of them alone decides everywhere; that needs an automaton, not a comparison."""
    rules = file(
        rule("ONE", Decision.DENY, "*"),
        rule("MORE", Decision.DENY, "*/**"),
        rule("ANY", Decision.ALLOW, "**"),
    )
    (found,) = unreachable(rules, Allowance())
    assert (found.rule.id, found.shadowed_by) == ("ANY", ("ONE", "MORE"))


def test_rule_about_a_size_below_another_threshold_is_unreachable() -> None:
    """What is larger than the larger threshold is larger than the smaller one."""
    kinds = frozenset({WRITE})
    rules = file(
        rule("BIG", Decision.DENY, over_bytes=10, kinds=kinds),
        rule("HUGE", Decision.DENY, over_bytes=20, kinds=kinds),
    )
    assert [each.rule.id for each in unreachable(rules, Allowance())] == ["HUGE"]


def test_rule_that_denies_what_no_workspace_can_hold_is_reachable() -> None:
    """It is denied in any case, and that rule is named."""
    special = rule("SPECIAL", Decision.DENY, kinds=frozenset({EffectKind.FS_SPECIAL}))
    assert unreachable(file(special), Allowance()) == ()
    held = replace(special, then=Decision.HOLD)
    (found,) = unreachable(file(held), Allowance())
    assert found.shadowed_by == ()


def test_near_miss_meets_all_but_one_condition() -> None:
    """An effect that differs in two respects shows nothing about where a rule ends."""
    target = rule("R", Decision.DENY, "a/**", kinds=frozenset({WRITE}), over_bytes=5)
    effects = {
        "kind": RuleTest(EffectKind.FS_CREATE, "a/x", Decision.DENY, "default", bytes=6),
        "path": RuleTest(WRITE, "b/x", Decision.DENY, "default", bytes=6),
        "size": RuleTest(WRITE, "a/x", Decision.DENY, "default", bytes=5),
    }
    for test in effects.values():
        (shown,) = coverage(file(target), [test])
        assert (shown.hits, shown.near_misses) == (0, 1)
    far = RuleTest(WRITE, "b/x", Decision.DENY, "default", bytes=5)
    (shown,) = coverage(file(target), [far])
    assert (shown.hits, shown.near_misses, shown.is_covered) == (0, 0, False)


def test_near_miss_of_a_table_rule_is_another_table() -> None:
    """And no table is any table, for what denies."""
    target = rule("T", Decision.DENY, kinds=DB_KINDS, table="main.*")
    kind = EffectKind.DB_INSERT
    tests = [
        RuleTest(kind, "a.db", Decision.DENY, "T"),
        RuleTest(kind, "a.db", Decision.DENY, "default", table="temp.a"),
    ]
    (shown,) = coverage(file(target), tests)
    assert (shown.hits, shown.near_misses, shown.is_covered) == (1, 1, True)


def test_rule_about_everything_needs_no_near_miss() -> None:
    """There is none."""
    everything = rule("ALL", Decision.DENY, kinds=frozenset(EffectKind))
    (shown,) = coverage(file(everything), [RuleTest(WRITE, "a", Decision.DENY, "ALL")])
    assert shown.is_covered


def test_rule_with_hit_near_miss_and_reason_is_clean() -> None:
    """Nothing else is asked of it."""
    tests = [
        RuleTest(WRITE, "a/x", Decision.DENY, "R"),
        RuleTest(WRITE, "b/x", Decision.DENY, "default"),
    ]
    assert lint(file(rule("R", Decision.DENY, "a/**")), tests) == ()


def test_each_kind_of_fault_is_told_with_its_rule() -> None:
    """And a duplicate is not told as unreachable once more."""
    first = rule("A", Decision.HOLD, "a/**")
    rules = file(first, replace(first, id="B"), replace(first, id="C", why="Because."))
    remarks = lint(rules, [])
    assert {each.rule for each in remarks if each.code == "untested"} == {0, 1, 2}
    assert {each.rule for each in remarks if each.code == "duplicate"} == {1, 2}
    assert {each.rule for each in remarks if each.code == "short-why"} == {2}
    assert "unreachable" not in codes(remarks)


def test_pattern_that_a_proof_cannot_afford_is_an_error() -> None:
    """Each `?` after a `*` doubles the states."""
    costly = rule("R", Decision.DENY, f"*a{'?' * MOST_STATES_OF_A_GLOB.bit_length()}")
    assert "costly-glob" in codes(lint(file(costly), []))
    assert "costly-glob" not in codes(lint(file(rule("R", Decision.DENY, "**/*secret*/**")), []))


def test_hold_that_too_few_people_can_end_is_an_error() -> None:
    """People count once, whatever groups they are in; without a list nothing is said."""
    rules = file(rule("R", Decision.HOLD, "a"))
    one = {"alice": frozenset({"owners", "security"}), "bob": frozenset({"security"})}
    two = one | {"bob": frozenset({"owners"})}
    assert "nobody" in codes(lint(rules, [], one))
    assert "nobody" not in codes(lint(rules, [], two))
    assert "nobody" not in codes(lint(rules, []))


def test_allowing_without_a_budget_is_a_note() -> None:
    """It is not wrong."""
    remarks = lint(file(rule("R", Decision.ALLOW, "a")), [])
    (note,) = (each for each in remarks if each.severity is Severity.NOTE)
    assert note.code == "no-budget"


def test_rules_that_are_too_entangled_are_unknown_and_not_clean() -> None:
    """Three answers, never two."""
    remarks = lint(file(rule("R", Decision.DENY, "a/b/c")), [], allowance=Allowance(2))
    assert [each.code for each in remarks if each.severity is Severity.UNKNOWN] == ["not-proven"]


def test_reasons_name_why_each_rule_decides_or_not() -> None:
    """Stricter, earlier, or not about it."""
    rules = file(
        rule("LAX", Decision.ALLOW, "a/**"),
        rule("HOLD", Decision.HOLD, "a/**"),
        rule("LATER", Decision.HOLD, "a/*"),
        rule("OTHER", Decision.DENY, "b/**", kinds=frozenset({EffectKind.FS_DELETE})),
    )
    told = reasons((rules,), Act(WRITE, ("a/x",)))
    because = {each.rule.id: each.because for each in told.rules}
    assert because == {
        "LAX": "HOLD is stricter",
        "HOLD": "it is the strictest that is about it, and the first of those",
        "LATER": "HOLD is as strict and comes first",
        "OTHER": "it is not about this kind and path",
    }
    assert [each.rule.id for each in told.rules if each.decides] == ["HOLD"]
