"""Matches of the policy's static rules, as findings. The form is that of guest/static_matches.py.

The words are the rule's own: of the guest's row only the place is taken, and which rule matched.
"""

from typing import Final

from assize.model.verdict import Finding
from assize_sandbox.errors import ProtocolViolation
from assize_server.analysis.rows import Row, position, text
from assize_server.core.analysis_settings import AnalysisSettings

RULE_MOST: Final = 100


def finding(row: Row, settings: AnalysisSettings) -> Finding:
    """Return the finding of one row.

    Raises:
        ProtocolViolation: The row has not the form, or names a rule that was not asked for.
    """
    rule = text(row, "code", RULE_MOST)
    line, column = max(0, position(row, "line")), max(0, position(row, "column"))
    more = max(0, position(row, "more"))
    found = settings.static.finding(rule, text(row, "file"), line, column, more)
    if found is None:
        raise ProtocolViolation("the guest named a static rule that it was not given")
    return found
