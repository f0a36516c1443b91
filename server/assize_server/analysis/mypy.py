"""What mypy says, as findings. The form is that of `mypy --output json`."""

from typing import Final

from assize.model.verdict import Finding, Severity
from assize_server.analysis.rows import Row, position, text
from assize_server.core.analysis_settings import AnalysisSettings

RULE_MOST: Final = 60
SYNTAX: Final = "syntax"


def finding(row: Row, settings: AnalysisSettings) -> Finding:
    """Return the finding of one row.

    Raises:
        ProtocolViolation: The row has not mypy's form.
    """
    rule = "mypy" if row.get("code") is None else text(row, "code", RULE_MOST)
    message = text(row, "message")
    if row.get("hint") is not None:
        message = f"{message}\n{text(row, 'hint')}"
    # mypy counts columns from 0, and says -1 where there is none.
    line, column = max(0, position(row, "line")), position(row, "column") + 1
    severity = severity_of(text(row, "severity"), rule, settings)
    return Finding("mypy", rule, severity, text(row, "file"), line, column, message)


def severity_of(said: str, rule: str, settings: AnalysisSettings) -> Severity:
    """Return how much a message weighs; a file that mypy cannot parse was not analysed."""
    if said == "note":
        return Severity.NOTE
    blocks = settings.mypy_block or rule == SYNTAX
    return Severity.ERROR if blocks else Severity.WARNING
