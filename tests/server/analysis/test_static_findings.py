"""The guest's word on static rules is hostile, and no flood of findings hides one that holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.verdict import Finding, Severity
from assize_sandbox.errors import ProtocolViolation
from assize_server.analysis.findings import FINDINGS_MOST, most_severe, read_findings
from assize_server.analysis.rows import POSITION_MOST
from assize_server.analysis.station import rules_for_guest
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness
from assize_server.core.rules import Approval
from assize_server.core.static_gates import (
    NO_CHECKS,
    StaticChecks,
    StaticGates,
    StaticRule,
    held_by,
)

RULES = tuple(
    StaticRule(name, group, f"It is {name}.", "", '{"rule": {"kind": "call"}}', ("word",))
    for name, group in (
        ("delete-tree", "deletion"),
        ("delete-path", "deletion"),
        ("noqa", "hiding"),
    )
)
GATES = StaticGates(
    warn=frozenset({"hiding"}),
    hold=frozenset({"deletion"}),
    approval=Approval(frozenset({"data-owners"}), quorum=1, ttl_seconds=900),
)
CHECKS = StaticChecks(RULES, GATES)
SETTINGS = AnalysisSettings(
    ruff_select=("F",),
    ruff_ignore=(),
    ruff_block=(),
    mypy=MypyStrictness.OFF,
    mypy_block=False,
    honor_suppressions=False,
    static=CHECKS,
)
ROW: dict[str, object] = {"code": "delete-tree", "file": "a.py", "line": 2, "column": 3, "more": 0}
WARNINGS = tuple(
    Finding("ruff", "F401", Severity.WARNING, "a.py", line, 1, "") for line in range(1, 1000)
)


def read(*rows: object) -> tuple[Finding, ...]:
    payload = json.dumps([{"tool": "static", "row": row} for row in rows]).encode()
    return read_findings(payload, SETTINGS)


def finding(rule: str, line: int) -> Finding:
    found = CHECKS.finding(rule, "z.py", line, 1)
    assert found is not None
    return found


def test_row_becomes_the_finding_of_its_rule() -> None:
    """Place and rule are the guest's, the words the policy's own."""
    assert read(ROW) == (CHECKS.finding("delete-tree", "a.py", 2, 3),)
    assert read(ROW | {"message": "all is well", "severity": "note", "more": 3}) == (
        CHECKS.finding("delete-tree", "a.py", 2, 3, 3),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"code": "delete-everything"},
        {"code": None},
        {"code": ["delete-tree"]},
        {"file": 1},
        {"line": "2"},
        {"line": True},
        {"column": 1.5},
        {"column": POSITION_MOST + 1},
        {"more": None},
        {"more": "many"},
    ],
)
def test_row_of_another_form_is_a_violation(change: dict[str, object]) -> None:
    """We could not tell, then; a rule that was not asked for is another form, too."""
    with pytest.raises(ProtocolViolation):
        read(ROW | change)


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats()


@given(st.dictionaries(st.sampled_from([*ROW, "message"]), values | st.lists(values, max_size=2)))
def test_any_row_is_a_finding_or_a_violation(change: dict[str, object]) -> None:
    """Nothing else comes of what the guest says."""
    try:
        (found,) = read(ROW | change)
    except ProtocolViolation:
        return
    assert found.rule in {rule.id for rule in RULES}
    assert found.line >= 0


def test_rule_without_a_gate_is_not_sent() -> None:
    """The guest learns of those that the policy names, and of none if there are none."""
    sent = json.loads(rules_for_guest(CHECKS))
    assert [each["id"] for each in sent] == ["delete-tree", "delete-path", "noqa"]
    assert sent[0] == {
        "id": "delete-tree",
        "words": ["word"],
        "matcher": {"rule": {"kind": "call"}},
    }
    assert rules_for_guest(StaticChecks(RULES)) == b""
    assert rules_for_guest(NO_CHECKS) == b""


def test_flood_of_warnings_does_not_push_out_what_holds() -> None:
    """However many there are before it, each rule that holds is told of."""
    found = (*WARNINGS, finding("delete-tree", 1), finding("delete-path", 2))
    kept = most_severe(found, SETTINGS)
    assert len(kept) == FINDINGS_MOST
    assert [each.rule for each in held_by(kept, CHECKS)] == ["delete-tree", "delete-path"]


def test_flood_of_one_rule_that_holds_does_not_hide_another() -> None:
    """The first of each rule is kept before the second of any."""
    found = [finding("delete-tree", line) for line in range(1, 1000)]
    kept = most_severe([*found, finding("delete-path", 1000)], SETTINGS)
    assert len(kept) == FINDINGS_MOST
    assert {each.rule for each in held_by(kept, CHECKS)} == {"delete-tree", "delete-path"}
    assert kept[0] == found[0]
    assert kept[-1].rule == "delete-path"
