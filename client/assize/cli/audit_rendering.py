"""Entries of the audit log, and what a verification found, for people and for scripts."""

import json
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

from assize import merkle
from assize.audit.client import Listed
from assize.audit.entries import Entry, MalformedEntry, decode
from assize.audit.verification import ProblemKind, Report
from assize.cli.terminal import one_line
from assize.cli.verify import Format
from assize.counts import counted
from assize.errors import MalformedAnswer

REPORT: Final = "assize.audit-report.v1"
"""Changes when a reader of the old form could misunderstand the new one."""


def print_json(document: object) -> None:
    """Print a document."""
    sys.stdout.write(f"{json.dumps(document, indent=2)}\n")


def print_listed(each: Listed, output: Format) -> None:
    """Print an entry on one line."""
    try:
        entry = decode(each.leaf)
    except MalformedEntry as error:
        text = f"{each.index:>8}  MALFORMED: {error}"
        document: object = {"index": each.index, "malformed": str(error)}
    else:
        text = f"{each.index:>8}  {_in_short(entry)}"
        document = {"index": each.index, "entry": json.loads(each.leaf)}
    sys.stdout.write(
        f"{json.dumps(document)}\n" if output is Format.JSON else f"{one_line(text)}\n"
    )


def _in_short(entry: Entry) -> str:
    about = " ".join(f"{name}={text}" for name, text in sorted(entry.subject.items()))
    parts = (_time(entry), f"{entry.kind.value:13}", entry.actor.name, entry.outcome, about)
    return "  ".join(part for part in parts if part)


def _time(entry: Entry) -> str:
    try:
        return f"{datetime.fromtimestamp(entry.time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError, OSError):
        return f"{entry.time_ms} ms"


def print_entry(each: Listed) -> None:
    """Print all that an entry says.

    Raises:
        MalformedAnswer: It is none.
    """
    try:
        entry = decode(each.leaf)
    except MalformedEntry as error:
        raise MalformedAnswer(f"entry {each.index}: {error}") from error
    rows = [
        ("index", str(each.index)),
        ("kind", entry.kind.value),
        ("time", _time(entry)),
        ("actor", f"{entry.actor.name} ({entry.actor.role.value})"),
        ("outcome", entry.outcome or "-"),
        *sorted(entry.subject.items()),
        *((f"{name} (sha256)", digest) for name, digest in sorted(entry.digests.items())),
        *((name, str(count)) for name, count in sorted(entry.counts.items())),
        ("leaf hash", merkle.leaf_hash(each.leaf).hex()),
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        sys.stdout.write(f"{name:{width}}  {one_line(text)}\n")


def print_report(report: Report, output: Format) -> None:
    """Print what a verification of the log found."""
    if output is Format.JSON:
        print_json(_report_document(report))
    else:
        _print_text(report, sys.stdout)
    sys.stdout.flush()


def _report_document(report: Report) -> dict[str, object]:
    head = report.checkpoint
    return {
        "format": REPORT,
        "sound": report.sound,
        "size": report.size,
        "root": report.root.hex(),
        "origin": head.origin if head else "",
        "compared": report.compared,
        "problems": [
            {
                "kind": each.kind.value,
                "message": each.message,
                "index": each.index,
                "known": each.known,
            }
            for each in report.problems
        ],
    }


def _print_text(report: Report, out: TextIO) -> None:
    out.write(
        f"{'SOUND' if report.sound else 'NOT SOUND'}: {counted(report.size, 'entry', 'entries')}\n"
    )
    if report.checkpoint is not None:
        out.write(f"signed as {one_line(report.checkpoint.origin)}, root {report.root.hex()}\n")
    out.write(f"compared with {counted(report.compared, 'remembered checkpoint')}\n")
    if not report.compared:
        out.write("without one, a log that was rebuilt as a whole looks like this one\n")
    if any(each.kind is ProblemKind.SIGNATURE for each in report.problems):
        out.write("if the service's key was rotated, pin the new one as well (--key)\n")
    for each in report.problems:
        known = " (known before)" if each.known else ""
        out.write(f"  {each.kind.value}: {one_line(each.message)}{known}\n")
