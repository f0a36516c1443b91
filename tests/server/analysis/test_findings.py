"""The guest's answer is hostile: it becomes findings or a protocol violation, nothing else."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assize.model.submission import SourceFile
from assize.model.verdict import Edit, Finding, Fix, Severity
from assize_sandbox.errors import ProtocolViolation
from assize_sandbox.frames import Frame
from assize_server.analysis.findings import FINDINGS_MOST, STOPPED, read_findings
from assize_server.analysis.source import declared_encoding, unreadable
from assize_server.analysis.station import understood
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness

SETTINGS = AnalysisSettings(
    ruff_select=("F", "S"),
    ruff_ignore=(),
    ruff_block=("S",),
    mypy=MypyStrictness.STANDARD,
    mypy_block=False,
    honor_suppressions=False,
)
RUFF_ROW: dict[str, object] = {
    "code": "F401",
    "filename": "a.py",
    "location": {"row": 1, "column": 8},
    "end_location": {"row": 1, "column": 10},
    "message": "`os` imported but unused",
    "fix": {
        "applicability": "safe",
        "message": "Remove unused import: `os`",
        "edits": [
            {
                "content": "",
                "location": {"row": 1, "column": 1},
                "end_location": {"row": 2, "column": 1},
            }
        ],
    },
}
MYPY_ROW: dict[str, object] = {
    "file": "a.py",
    "line": 2,
    "column": 11,
    "message": "Incompatible return value type",
    "hint": None,
    "code": "return-value",
    "severity": "error",
}

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["ruff", "mypy", "python", "stopped", "safe", "note"])
)  # fmt: skip
keys = st.sampled_from([*RUFF_ROW, *MYPY_ROW, "tool", "row", "column", "edits", "content"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=12,
)


def rows(*pairs: tuple[str, object]) -> bytes:
    return json.dumps([{"tool": tool, "row": row} for tool, row in pairs]).encode()


def test_ruff_row_becomes_a_finding_with_its_fix() -> None:
    """Nothing of ruff's row is lost."""
    assert read_findings(rows(("ruff", RUFF_ROW)), SETTINGS) == (
        Finding(
            tool="ruff",
            rule="F401",
            severity=Severity.WARNING,
            path="a.py",
            line=1,
            column=8,
            message="`os` imported but unused",
            fix=Fix("Remove unused import: `os`", (Edit(1, 1, 2, 1, ""),)),
        ),
    )


def test_mypy_row_becomes_a_finding_with_column_from_one() -> None:
    """mypy counts columns from 0, findings from 1."""
    (found,) = read_findings(rows(("mypy", MYPY_ROW)), SETTINGS)
    assert (found.tool, found.rule, found.line, found.column) == ("mypy", "return-value", 2, 12)
    assert found.severity is Severity.WARNING


def test_blocked_prefix_is_an_error_and_comes_first() -> None:
    """What blocks is sorted before what warns."""
    blocked = RUFF_ROW | {"code": "S102", "location": {"row": 9, "column": 1}}
    found = read_findings(rows(("ruff", RUFF_ROW), ("ruff", blocked)), SETTINGS)
    assert [each.rule for each in found] == ["S102", "F401"]
    assert found[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("tool", "row"),
    [
        ("ruff", RUFF_ROW | {"code": "invalid-syntax", "fix": None}),
        ("ruff", RUFF_ROW | {"code": None, "fix": None}),
        ("mypy", MYPY_ROW | {"code": "syntax"}),
        ("python", {"file": "a.py", "line": 1, "column": 1, "message": "no"}),
        ("stopped", {"message": "mypy gave up"}),
    ],
)
def test_source_that_was_not_analysed_is_an_error(tool: str, row: object) -> None:
    """Whatever the policy blocks: not analysed is not clean."""
    (found,) = read_findings(rows((tool, row)), SETTINGS)
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize("applicability", ["unsafe", "display-only"])
def test_fix_that_may_change_the_meaning_is_left_out(applicability: str) -> None:
    """Only what ruff calls safe is offered."""
    row = RUFF_ROW | {"fix": {"applicability": applicability, "edits": [], "message": ""}}
    (found,) = read_findings(rows(("ruff", row)), SETTINGS)
    assert found.fix is None


def test_many_findings_are_cut_after_the_most_severe() -> None:
    """The bound never drops an error for a warning."""
    blocked = RUFF_ROW | {"code": "S102"}
    found = read_findings(
        rows(*[("ruff", RUFF_ROW)] * (FINDINGS_MOST + 50), ("ruff", blocked)), SETTINGS
    )
    assert len(found) == FINDINGS_MOST
    assert found[0].rule == "S102"


@pytest.mark.parametrize("stopped", STOPPED)
def test_reader_that_stopped_is_an_error(stopped: str) -> None:
    """A reader that gave up is never "nothing found"."""
    (found,) = understood(Frame({"ev": "findings", "stopped": stopped}, b"[]"), SETTINGS)
    assert (found.rule, found.severity) == ("analysis-limit", Severity.ERROR)


@pytest.mark.parametrize("stopped", [None, 0, "bored", ["time"]])
def test_unknown_reason_for_stopping_is_a_violation(stopped: object) -> None:
    """The reasons are a closed list, and must be there."""
    with pytest.raises(ProtocolViolation):
        understood(Frame({"ev": "findings", "stopped": stopped}, b"[]"), SETTINGS)


@given(st.binary(max_size=50))
@example(b"[" * 100_000)
@example(b"[1" + b"0" * 5000 + b"]")
@example(b'[{"tool":"stopped","row":{"message":"\\ud800"}}]')
def test_any_bytes_are_findings_or_a_violation(payload: bytes) -> None:
    """Bytes never raise anything else."""
    becomes_findings_or_violation(payload)


@given(st.lists(values, max_size=4))
def test_any_json_is_findings_or_a_violation(value: object) -> None:
    """JSON of any shape never raises anything else."""
    becomes_findings_or_violation(json.dumps(value).encode())


@given(
    st.sampled_from([("ruff", RUFF_ROW), ("mypy", MYPY_ROW)]),
    st.dictionaries(keys, values, max_size=2),
)
def test_any_change_to_a_row_is_a_finding_or_a_violation(
    row: tuple[str, dict[str, object]], change: dict[str, object]
) -> None:
    """One field of the wrong kind never raises anything else."""
    becomes_findings_or_violation(rows((row[0], row[1] | change)))


def becomes_findings_or_violation(payload: bytes) -> None:
    try:
        found = read_findings(payload, SETTINGS)
    except ProtocolViolation:
        return
    for each in found:
        assert each.line >= 0
        assert each.column >= 0
        each.message.encode()
        each.path.encode()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"x = 1\n# coding: latin-1\n", None),
        (b"x = 1\n", None),
        (b"# coding: latin-1\n", b"latin-1"),
        (b"#!/bin/sh\n# coding=UTF_8\n", b"utf-8"),
        (b"\n\n# coding: latin-1\n", None),
        (b"\xef\xbb\xbf# coding: ascii\r", b"ascii"),
    ],
)
def test_coding_line_is_read_as_python_reads_it(content: bytes, encoding: bytes | None) -> None:
    """In the first line, or in the second after an empty one or a comment."""
    assert declared_encoding(content) == encoding


@given(st.binary(max_size=30))
def test_readable_source_is_utf8_without_nul(content: bytes) -> None:
    """What passes can be decoded by every reader alike."""
    if unreadable(SourceFile("a.py", content)) is None:
        assert "\0" not in content.decode()
