"""What a policy says of static rules, and what comes of their matches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.verdict import Finding, Severity
from assize_server.core.static_gates import (
    NO_CHECKS,
    TOOL,
    Gate,
    StaticChecks,
    StaticGates,
    StaticRule,
    held_by,
)

DELETE = StaticRule("delete-tree", "deletion", "It deletes.", "Gone is gone.", "{}")
NOQA = StaticRule("suppress-noqa", "suppressions", "It hides.", "To be seen.", "{}")
RULES = (DELETE, NOQA)

names = st.frozensets(st.sampled_from(["delete-tree", "deletion", "suppress-noqa", "suppressions"]))
gates = st.builds(StaticGates, names, names, names)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (StaticGates(), None),
        (StaticGates(warn=frozenset({"deletion"})), Gate.WARN),
        (StaticGates(warn=frozenset({"delete-tree"})), Gate.WARN),
        (StaticGates(hold=frozenset({"deletion"})), Gate.HOLD),
        (StaticGates(fail=frozenset({"deletion"})), Gate.FAIL),
        (StaticGates(fail=frozenset({"suppressions", "delete-path"})), None),
        (StaticGates(frozenset({"delete-tree"}), hold=frozenset({"deletion"})), Gate.HOLD),
        (StaticGates(hold=frozenset({"deletion"}), fail=frozenset({"delete-tree"})), Gate.FAIL),
    ],
)
def test_strictest_of_what_is_said_of_rule_and_group_holds(
    said: StaticGates, expected: Gate | None
) -> None:
    """fail > hold > warn, whichever names the rule and whichever its group."""
    assert said.gate_of("delete-tree", "deletion") is expected


@given(gates, gates)
def test_layers_together_are_never_looser_than_one(first: StaticGates, second: StaticGates) -> None:
    """What a layer says stays said, and of two the stricter holds."""
    both = first.tightened(second)
    for rule in RULES:
        each = [layer.gate_of(rule.id, rule.group) or 0 for layer in (first, second)]
        assert (both.gate_of(rule.id, rule.group) or 0) == max(each)
    assert both == second.tightened(first)


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        (StaticGates(warn=frozenset({"deletion"})), Severity.WARNING),
        (StaticGates(hold=frozenset({"deletion"})), Severity.WARNING),
        (StaticGates(fail=frozenset({"deletion"})), Severity.ERROR),
    ],
)
def test_only_a_rule_that_fails_makes_an_error(said: StaticGates, severity: Severity) -> None:
    """Code that is held has not failed."""
    found = StaticChecks(RULES, said).finding("delete-tree", "a.py", 3, 5)
    assert found is not None
    assert (found.tool, found.rule, found.severity) == (TOOL, "delete-tree", severity)
    assert (found.path, found.line, found.column) == ("a.py", 3, 5)
    assert found.message.startswith(DELETE.message)


def test_message_tells_of_the_hold_and_of_what_is_left_out() -> None:
    """Whoever submitted it learns that a person is asked, and how often it matched."""
    held = StaticChecks(RULES, StaticGates(hold=frozenset({"deletion"})))
    found = held.finding("delete-tree", "a.py", 1, 1, more=7)
    assert found is not None
    assert (
        found.message == "It deletes. A person must agree before it is run. (7 more in this file)"
    )


def test_rule_that_nobody_names_is_not_in_force() -> None:
    """It is not looked for, and is no finding."""
    checks = StaticChecks(RULES, StaticGates(warn=frozenset({"suppressions"})))
    assert checks.in_force() == (NOQA,)
    assert checks.finding("delete-tree", "a.py", 1, 1) is None
    assert NO_CHECKS.in_force() == ()


def test_held_are_the_matches_of_holding_rules_alone() -> None:
    """A finding of another tool with the same rule name holds nothing."""
    said = StaticGates(frozenset({"suppressions"}), hold=frozenset({"deletion"}))
    checks = StaticChecks(RULES, said)
    held = checks.finding("delete-tree", "a.py", 1, 1)
    warned = checks.finding("suppress-noqa", "a.py", 1, 1)
    other = Finding("ruff", "delete-tree", Severity.WARNING, "a.py", 1, 1, "")
    assert held is not None
    assert warned is not None
    assert held_by((warned, other, held), checks) == (held,)
    assert held_by((warned, other, held), NO_CHECKS) == ()
