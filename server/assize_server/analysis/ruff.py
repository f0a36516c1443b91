"""What ruff says, as findings. The form is that of `ruff check --output-format json`."""

from typing import Final

from assize.model.verdict import Edit, Finding, Fix, Severity
from assize_sandbox.errors import ProtocolViolation
from assize_server.analysis.rows import Row, position, row_of, text
from assize_server.core.analysis_settings import AnalysisSettings

EDITS_MOST: Final = 50
RULE_MOST: Final = 40
SYNTAX: Final = "invalid-syntax"


def finding(row: Row, settings: AnalysisSettings) -> Finding:
    """Return the finding of one row.

    Raises:
        ProtocolViolation: The row has not ruff's form.
    """
    rule = SYNTAX if row.get("code") is None else text(row, "code", RULE_MOST)
    line, column = place(row, "location")
    severity = Severity.ERROR if settings.blocks(rule) else Severity.WARNING
    path, message = text(row, "filename"), text(row, "message")
    return Finding("ruff", rule, severity, path, line, column, message, fix(row.get("fix")))


def place(row: Row, key: str) -> tuple[int, int]:
    """Return line and column, both from 1; zeros if there is none."""
    if row.get(key) is None:
        return 0, 0
    at = row_of(row[key], key)
    return max(0, position(at, "row")), max(0, position(at, "column"))


def fix(value: object) -> Fix | None:
    """Return a fix, if it is one that keeps the meaning of the program (ruff calls it safe)."""
    if value is None:
        return None
    row = row_of(value, "a fix")
    edits = row.get("edits")
    if row.get("applicability") != "safe" or not isinstance(edits, list):
        return None
    if len(edits) > EDITS_MOST:
        raise ProtocolViolation(f"a fix has {len(edits)} edits")
    message = text(row, "message") if row.get("message") is not None else ""
    return Fix(message, tuple(edit(row_of(each, "an edit")) for each in edits))


def edit(row: Row) -> Edit:
    """Return one edit."""
    return Edit(*place(row, "location"), *place(row, "end_location"), text(row, "content"))
