"""Shows a hold to a person.

SECURITY: paths, contents, rows and names come from the code under test. Every one of them is made
visible (`terminal.one_line`), and every line of content begins with a bar, so that none can look
like a line of ours.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from assize.approvals.digests import shown_digest
from assize.cli.terminal import lines, one_line
from assize.counts import counted
from assize.model.approvals import (
    IRREVERSIBLE,
    HeldProgram,
    Hold,
    HoldStats,
    HoldStatus,
    HoldSummary,
    irreversible_first,
)
from assize.model.effects import Effect, FileState, FileType, RowChange, WeighedEffect

_BAR: Final = "      | "


def hold_text(hold: Hold, status: HoldStatus | None = None) -> str:
    """Return all that is asked, what loses content first."""
    parts = [*_head(hold), *(_status(status) if status else ())]
    parts += ["", *_effects(hold.weighed)] if hold.weighed else []
    parts += ["", *_program(hold, hold.program)] if hold.program else []
    return "\n".join(parts) + "\n"


def summary_line(hold: HoldSummary) -> str:
    """Return a hold in a line."""
    loses = "loses" if hold.irreversible == 1 else "lose"
    about = f"{counted(hold.effects, 'effect')}, {hold.irreversible} {loses} content"
    if not hold.effects:
        about = "before execution"
    shown = (
        hold.id,
        f"{hold.state.value:<9}",
        f"until {moment(hold.expires_at)}",
        f"{hold.approvals}/{hold.quorum} of {', '.join(hold.groups) or 'nobody'}",
        f"{hold.workspace or '-'} by {hold.submitter}",
        f"{about}; {', '.join(hold.rules)}",
    )
    return "  ".join(map(one_line, shown))


def stats_text(stats: HoldStats) -> str:
    """Return how holds ended."""
    median = stats.median_seconds_to_decide
    ended = f"{stats.approved} approved, {stats.denied} denied, {stats.expired} expired"
    told = [
        f"holds     {stats.holds}: {stats.pending} pending, {ended}",
        f"decided   {'none yet' if median is None else f'median after {median} s'}",
    ]
    for rule in stats.rules:
        count = rule.approved + rule.denied + rule.expired
        rate = f"{rule.approved / count:.0%} approved" if count else "none ended"
        told.append(f"{one_line(rule.rule)}: {counted(rule.holds, 'hold')}, {rate}")
    return "\n".join(told) + "\n"


def moment(unix_seconds: int) -> str:
    """Return a time for people, in UTC; one that no calendar has, as its number."""
    try:
        return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(unix_seconds)


def _head(hold: Hold) -> Iterator[str]:
    required = hold.required
    yield _labelled("hold", f"{hold.id}, {hold.kind.value.replace('_', ' ')}")
    yield _labelled("run", f"{hold.verification_id}, submitted by {hold.submitter}")
    if hold.workspace:
        yield _labelled("workspace", f"{hold.workspace}, {hold.base} -> {hold.result or '?'}")
    yield _labelled("policy", f"{hold.policy} {hold.policy_digest}")
    for rule in hold.rules:
        yield _labelled("asks", f"{rule.id}: {rule.why}")
    groups = ", ".join(required.groups) or "no group, so that nobody can"
    yield _labelled("needs", f"{required.quorum} of {groups}")
    yield _labelled("service", hold.audience)
    yield _labelled("expires", moment(hold.expires_at))
    yield _labelled("digest", shown_digest(hold))


def _status(status: HoldStatus) -> Iterator[str]:
    detail = f": {status.detail}" if status.detail else ""
    yield _labelled("state", f"{status.state.value}{detail}")
    for each in status.decisions:
        said = f"{each.person} said {each.decision.value} at {moment(each.at)}: {each.reason}"
        yield _labelled("", said)


def _effects(weighed: tuple[WeighedEffect, ...]) -> Iterator[str]:
    ordered = irreversible_first(weighed)
    losing = [each for each in ordered if each.effect.kind in IRREVERSIBLE]
    yield f"LOSES CONTENT: {len(losing)} of {counted(len(ordered), 'effect')}"
    for each in losing:
        yield from _effect(each)
    yield f"OTHERS: {len(ordered) - len(losing)}"
    for each in ordered[len(losing) :]:
        yield from _effect(each)


def _effect(weighed: WeighedEffect) -> Iterator[str]:
    effect = weighed.effect
    where = f"{effect.source} -> {effect.path}" if effect.source else effect.path
    if effect.table:
        where = f"{where} {effect.table}, {counted(effect.count, 'row')}"
    yield one_line(f"  {weighed.decision.name:<5} {effect.kind.value:<16} {where}")
    yield one_line(f"      by {weighed.rule}{f': {weighed.why}' if weighed.why else ''}")
    yield from _states(effect)
    if effect.detail:
        yield one_line(f"      {effect.detail}")
    for row in effect.rows:
        yield one_line(f"{_BAR}{_row(row)}")
    if effect.table and effect.count > len(effect.rows):
        yield f"      and {counted(effect.count - len(effect.rows), 'more row')}, not shown"
    for line in lines(effect.diff):
        yield f"{_BAR}{line}"


def _states(effect: Effect) -> Iterator[str]:
    if effect.before is not None:
        yield one_line(f"      was {_state(effect.before)}")
    if effect.after is not None:
        yield one_line(f"      is  {_state(effect.after)}")


def _state(state: FileState) -> str:
    match state.type:
        case FileType.FILE:
            return f"a file, {state.mode:04o}, {counted(state.size_bytes, 'byte')}, {state.digest}"
        case FileType.SYMLINK:
            return f"a symlink to {state.target}"
        case FileType.FOLDER:
            return f"a folder, {state.mode:04o}"


def _row(row: RowChange) -> str:
    key = ", ".join(f"{column}={value}" for column, value in row.key)
    before = ", ".join(f"{column}={value}" for column, value in row.before)
    after = ", ".join(f"{column}={value}" for column, value in row.after)
    return f"[{key}] {before or 'nothing'} -> {after or 'nothing'}"


def _program(hold: Hold, program: HeldProgram) -> Iterator[str]:
    for finding in hold.findings:
        yield one_line(f"  {finding.rule} {finding.path}:{finding.line} {finding.message}")
    yield one_line(f"RUNS: {program.entry_point or 'functions only'} {list(program.arguments)}")
    for name, value in program.environment:
        yield one_line(f"      {name}={value}")
    yield f"      reads standard input {program.stdin_digest}"
    for file in program.files:
        yield one_line(f"  {file.path}, {counted(file.size_bytes, 'byte')}, {file.digest}")
        if file.size_bytes and not file.text:
            yield "      NOT SHOWN: it is no text, or too long; read it elsewhere by its digest"
        for line in lines(file.text):
            yield f"{_BAR}{line}"


def _labelled(label: str, text: str) -> str:
    return f"{label:<10}{one_line(text)}"
