"""Workspaces as text for people. Every name and text that a run may have shaped is escaped."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assize.cli.terminal import lines, one_line
from assize.counts import counted
from assize.model.effects import Effect, FileType
from assize.model.workspaces import LogEntry, SnapshotDiff, SnapshotListing, WorkspaceSummary

SHORT: Final = 12
ROWS_MOST: Final = 10
_UNIT: Final = 1024


def print_json(document: object) -> None:
    """Print a document."""
    sys.stdout.write(f"{json.dumps(document, indent=2)}\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings; every cell is escaped."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console = Console(file=sys.stdout, markup=False)
    with console.capture() as captured:
        console.print(table)
    sys.stdout.write(captured.get())


def size(count: int) -> str:
    """Return a number of bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < _UNIT:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _UNIT
    return f"{value:.1f} TiB"


def moment(time_ms: int) -> str:
    """Return a time, UTC, to the second."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def summary_rows(found: Sequence[WorkspaceSummary]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of workspaces."""
    for each in found:
        counts = (str(each.entries), size(each.bytes), str(each.snapshots))
        yield (each.name, each.owner, each.head[:SHORT], *counts, moment(each.created_ms))


def log_rows(entries: Sequence[LogEntry]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of a log."""
    for each in entries:
        yield (
            str(each.sequence),
            each.snapshot[:SHORT],
            each.kind.value,
            moment(each.time_ms),
            each.author,
            each.verification_id,
            each.message,
        )


def snapshot_rows(listing: SnapshotListing) -> Iterator[tuple[str, ...]]:
    """Yield the cells of what is in a snapshot."""
    for path, state in listing.entries.items():
        match state.type:
            case FileType.FILE:
                yield (f"{state.mode:04o}", str(state.size_bytes), path)
            case FileType.FOLDER:
                yield (f"{state.mode:04o}", "", f"{path}/")
            case FileType.SYMLINK:
                yield ("link", "", f"{path} -> {state.target}")


def diff_lines(diff: SnapshotDiff) -> Iterator[str]:
    """Yield what differs, line by line."""
    effects = counted(len(diff.effects), "effect")
    yield f"from {diff.before[:SHORT]} to {diff.after[:SHORT]}: {effects}"
    for effect in diff.effects:
        yield from _effect_lines(effect)


def _effect_lines(effect: Effect) -> Iterator[str]:
    source = f"{effect.source} -> " if effect.source else ""
    table = f" {effect.table} ({counted(effect.count, 'row')})" if effect.table else ""
    detail = f" ({effect.detail})" if effect.detail else ""
    yield one_line(f"{effect.kind.value:<14} {source}{effect.path}{table}{_bits(effect)}{detail}")
    for row in effect.rows[:ROWS_MOST]:
        yield one_line(f"    {_cells(row.key)}: {_cells(row.before)} -> {_cells(row.after)}")
    if len(effect.rows) > ROWS_MOST:
        yield f"    and {counted(effect.count - ROWS_MOST, 'more row')}"
    for line in lines(effect.diff):
        yield f"    {line}"


def _bits(effect: Effect) -> str:
    before, after = effect.before, effect.after
    if after is not None and after.type is FileType.SYMLINK:
        return f" -> {after.target}"
    if before is None or after is None or before.mode == after.mode:
        return ""
    return f" {before.mode:04o} -> {after.mode:04o}"


def _cells(values: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{column}={value}" for column, value in values) or "none"
