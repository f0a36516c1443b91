"""What a policy says of static rules, and what comes of their matches."""

import pytest

from assize.model.verdict import Finding, Severity
from assize_server.core.rules import Approval
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

ASKED = Approval(frozenset({"owners"}), 1, 60)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (StaticGates(), None),
        (StaticGates(warn=frozenset({"deletion"})), Gate.WARN),
        (StaticGates(warn=frozenset({"delete-tree"})), Gate.WARN),
        (StaticGates(hold=frozenset({"deletion"}), approval=ASKED), Gate.HOLD),
        (StaticGates(hold=frozenset({"deletion"})), Gate.FAIL),
        (StaticGates(fail=frozenset({"deletion"})), Gate.FAIL),
        (StaticGates(fail=frozenset({"suppressions", "delete-path"})), None),
        (
            StaticGates(frozenset({"delete-tree"}), hold=frozenset({"deletion"}), approval=ASKED),
            Gate.HOLD,
        ),
        (
            StaticGates(
                hold=frozenset({"deletion"}), approval=ASKED, fail=frozenset({"delete-tree"})
            ),
            Gate.FAIL,
        ),
    ],
)
def test_strictest_of_what_is_said_of_rule_and_group_holds(
    said: StaticGates, expected: Gate | None
) -> None:
    """fail > hold > warn; a hold that nobody could end is a failure."""
    assert said.gate_of("delete-tree", "deletion") is expected


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        (StaticGates(warn=frozenset({"deletion"})), Severity.WARNING),
        (StaticGates(hold=frozenset({"deletion"}), approval=ASKED), Severity.WARNING),
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
    held = StaticChecks(RULES, StaticGates(hold=frozenset({"deletion"}), approval=ASKED))
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
    said = StaticGates(frozenset({"suppressions"}), hold=frozenset({"deletion"}), approval=ASKED)
    checks = StaticChecks(RULES, said)
    held = checks.finding("delete-tree", "a.py", 1, 1)
    warned = checks.finding("suppress-noqa", "a.py", 1, 1)
    other = Finding("ruff", "delete-tree", Severity.WARNING, "a.py", 1, 1, "")
    assert held is not None
    assert warned is not None
    assert held_by((warned, other, held), checks) == (held,)
    assert held_by((warned, other, held), NO_CHECKS) == ()
