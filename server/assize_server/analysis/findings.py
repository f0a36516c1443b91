"""The guest's answer, as findings.

SECURITY: the answer is hostile input. It is bounded before it is parsed (frames.py), every field's
type is checked, and what has not the form raises `ProtocolViolation`: then we could not tell.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Final

from assize.model.verdict import Finding, Severity
from assize_sandbox.errors import ProtocolViolation
from assize_server.analysis import mypy, ruff, static
from assize_server.analysis.rows import Row, position, row_of, text
from assize_server.core.analysis_settings import AnalysisSettings
from assize_server.core.static_gates import held_by

FINDINGS_MOST: Final = 200
ROWS_MOST: Final = 50_000
STOPPED: Final = {
    "time": "the analysers ran out of time on this source; make it smaller or simpler",
    "memory": "the analysers ran out of memory on this source; make it smaller or simpler",
    "crash": "an analyser died on this source; make it smaller or less deeply nested",
}


def read_findings(payload: bytes, settings: AnalysisSettings) -> tuple[Finding, ...]:
    """Return what the guest found, most severe first, at most `FINDINGS_MOST`.

    Raises:
        ProtocolViolation: The payload has not the form that our guest gives it.
    """
    rows = parse(payload)
    found = [finding(row_of(row, "a finding"), settings) for row in rows]
    return most_severe(found, settings)


def parse(payload: bytes) -> list[object]:
    """Return the rows.

    Raises:
        ProtocolViolation: The payload is not a JSON list of bounded length.
    """
    try:
        rows = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation("the guest's findings are not JSON") from error
    if not isinstance(rows, list) or len(rows) > ROWS_MOST:
        raise ProtocolViolation("the guest's findings are not a list, or one that is too long")
    return rows


def finding(row: Row, settings: AnalysisSettings) -> Finding:
    """Return the finding of one row.

    Raises:
        ProtocolViolation: It is of no tool that the guest has.
    """
    inner = row_of(row.get("row"), "a row")
    match row.get("tool"):
        case "ruff":
            return ruff.finding(inner, settings)
        case "mypy":
            return mypy.finding(inner, settings)
        case "python":
            return unparsable(inner)
        case "static":
            return static.finding(inner, settings)
        case "stopped":
            return limit(text(inner, "message"))
    raise ProtocolViolation("the guest named a tool that it does not have")


def unparsable(row: Row) -> Finding:
    """Return the finding of a file that Python cannot compile."""
    line, column = max(0, position(row, "line")), max(0, position(row, "column"))
    path, message = text(row, "file"), text(row, "message")
    return Finding("assize", "unparsable", Severity.ERROR, path, line, column, message)


def limit(message: str) -> Finding:
    """Return the finding that the source was too much for an analyser."""
    return Finding("assize", "analysis-limit", Severity.ERROR, "", 0, 0, message)


def most_severe(found: Sequence[Finding], settings: AnalysisSettings) -> tuple[Finding, ...]:
    """Return at most `FINDINGS_MOST`: most severe first, what holds the run next, then by place.

    Where there are more, the first of each rule is kept before the second of any.

    SECURITY: a run is held because of what is returned here. However many warnings there are, they
    must not push out the one that holds.
    """
    held = frozenset(held_by(found, settings.static))
    ordered = sorted(
        found,
        key=lambda each: (-each.severity, each not in held, each.path, each.line, each.column),
    )
    seen: Counter[tuple[object, ...]] = Counter()
    ranked = []
    for index, each in enumerate(ordered):
        rule = (-each.severity, each not in held, each.tool, each.rule)
        seen[rule] += 1
        ranked.append((*rule[:2], seen[rule], index))
    kept = sorted(ranked)[:FINDINGS_MOST]
    return tuple(ordered[index] for index in sorted(pair[-1] for pair in kept))
