"""Effects for people: a line each, with what was lost or made, and the rule that decided.

SECURITY: paths, tables and values were chosen by the code under test; all of them are escaped.
"""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from assize.cli.terminal import lines, one_line
from assize.counts import counted
from assize.model.effects import (
    Decision,
    Effect,
    EffectKind,
    FileState,
    FileType,
    RowChange,
    WeighedEffect,
)

_STYLE: Final = {Decision.ALLOW: "green", Decision.HOLD: "bold yellow", Decision.DENY: "bold red"}
_DIFF_STYLE: Final = {"+": "green", "-": "red", "@": "cyan"}
_MARGIN: Final = "        | "
_ROWS_SHOWN: Final = 5


def weighed_lines(weighed: WeighedEffect) -> Iterator[Text]:
    """Yield the lines of an effect and of what the policy says of it."""
    line = Text("  ").append(weighed.decision.name.lower().ljust(5), style=_STYLE[weighed.decision])
    line.append(f"  {effect_line(weighed.effect)}").append(f"  [{one_line(weighed.rule)}]", "dim")
    yield line
    if weighed.decision is not Decision.ALLOW:
        if weighed.why:
            yield Text(f"{_MARGIN}{one_line(weighed.why)}", style="dim")
        yield from detail_lines(weighed.effect)


def effect_line(effect: Effect) -> str:
    """Return an effect in one line."""
    where = one_line(effect.path) or "."
    if effect.table:
        where += f" {one_line(effect.table)}"
    if effect.source:
        where = f"{one_line(effect.source)} -> {where}"
    told = [f"{effect.kind.value.ljust(14)} {where}", *_measures(effect)]
    if effect.detail:
        told.append(one_line(effect.detail))
    return "  ".join(told)


def detail_lines(effect: Effect) -> Iterator[Text]:
    """Yield the difference of a text, or the first rows."""
    for line in lines(effect.diff):
        yield Text(_MARGIN).append(line, style=_DIFF_STYLE.get(line[:1], ""))
    for row in effect.rows[:_ROWS_SHOWN]:
        yield Text(f"{_MARGIN}{one_line(row_line(row))}")
    if effect.rows and effect.count > _ROWS_SHOWN:
        yield Text(f"{_MARGIN}... {counted(effect.count - _ROWS_SHOWN, 'more row')}")


def row_line(row: RowChange) -> str:
    """Return a row in one line: its key, and what was and is there."""
    told = " ".join(f"{column}={value}" for column, value in row.key)
    was, now = _values(row.before), _values(row.after)
    return f"{told}: {was or '(no row)'} -> {now or '(no row)'}"


def _values(values: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{column}={value}" for column, value in values)


def _measures(effect: Effect) -> list[str]:
    if effect.kind.value.startswith("db."):
        return [counted(effect.count, "row")] if effect.table else []
    if effect.kind is EffectKind.FS_CHMOD and effect.before and effect.after:
        return [f"{effect.before.mode:04o} -> {effect.after.mode:04o}"]
    sizes = [_size(state) for state in (effect.before, effect.after)]
    if not any(sizes):
        return []
    return [f"{sizes[0] or 'nothing'} -> {sizes[1] or 'nothing'}"]


def _size(state: FileState | None) -> str:
    if state is None or state.type is FileType.FOLDER:
        return ""
    if state.type is FileType.SYMLINK:
        return f"link to {one_line(state.target)}"
    return counted(state.size_bytes, "byte")
