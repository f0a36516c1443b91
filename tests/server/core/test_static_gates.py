"""What is done about static rules that match: by id or group, the strictest."""

import pytest

from assize_server.core.rules import Approval
from assize_server.core.static_gates import Gate, StaticGates

APPROVAL = Approval(frozenset({"owners"}), 1, 60)
GATES = StaticGates(
    warn=frozenset({"deletion", "net"}),
    hold=frozenset({"delete-tree", "sql"}),
    fail=frozenset({"sql-drop"}),
    approval=APPROVAL,
)


@pytest.mark.parametrize(
    ("rule", "group", "gate"),
    [
        ("delete-file", "deletion", Gate.WARN),
        ("delete-tree", "deletion", Gate.HOLD),
        ("sql-drop", "sql", Gate.FAIL),
        ("sql-write", "sql", Gate.HOLD),
        ("net", "", Gate.WARN),
        ("eval", "tricks", None),
        ("", "", None),
    ],
)
def test_strictest_of_id_and_group_decides(rule: str, group: str, gate: Gate | None) -> None:
    """A group may warn while one of its rules holds; what is not named is not looked for."""
    assert GATES.gate_of(rule, group) is gate


@pytest.mark.parametrize("approval", [None, Approval(frozenset(), 1, 60)])
def test_hold_that_nobody_could_end_fails(approval: Approval | None) -> None:
    """Layers that share no group leave nobody to ask."""
    nobody = StaticGates(frozenset(), frozenset({"sql"}), frozenset(), approval)
    assert nobody.gate_of("sql") is Gate.FAIL
