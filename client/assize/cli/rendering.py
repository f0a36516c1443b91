"""A verdict for people. Everything in it passes `assize.cli.terminal` before it is shown."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Final

from rich.console import Console
from rich.text import Text

from assize.cli.effects import weighed_lines
from assize.cli.terminal import lines, one_line
from assize.counts import counted
from assize.model.verdict import (
    CheckResult,
    CheckStatus,
    Finding,
    HoldNotice,
    Isolation,
    Output,
    ProgramEnd,
    Severity,
    Status,
    Usage,
    Verdict,
    WorkspaceOutcome,
)

_STATUS_STYLE: Final = {
    Status.PASSED: "bold green",
    Status.FAILED: "bold red",
    Status.HELD: "bold yellow",
    Status.INFRA_ERROR: "bold magenta",
}
_STATUS_TEXT: Final = {
    Status.PASSED: "PASSED",
    Status.FAILED: "FAILED",
    Status.HELD: "HELD for a person to decide",
    Status.INFRA_ERROR: "COULD NOT TELL",
}
_CHECK_MARK: Final = {
    CheckStatus.PASSED: ("pass", "green"),
    CheckStatus.FAILED: ("FAIL", "bold red"),
    CheckStatus.SKIPPED: ("skip", "yellow"),
}
_OUTCOME_TEXT: Final = {
    WorkspaceOutcome.UNCHANGED: "unchanged",
    WorkspaceOutcome.COMMITTED: "committed",
    WorkspaceOutcome.HELD: "held for a person to decide, unchanged until then",
    WorkspaceOutcome.DISCARDED: "discarded",
    WorkspaceOutcome.CONFLICT: "conflict, unchanged by this run",
}
_SEVERITY_STYLE: Final = {
    Severity.NOTE: "cyan",
    Severity.WARNING: "yellow",
    Severity.ERROR: "red",
}
_DIFF_STYLE: Final = {"+": "green", "-": "red", "@": "cyan"}
_INDENT: Final = "        "
_MOST_OUTPUT_LINES: Final = 20
_DIGEST_SHOWN_CHARS: Final = 12


def print_verdict(verdict: Verdict, file: IO[str], *, brief: bool = False) -> None:
    """Write the verdict to `file`, in colour where that is a terminal; `brief` is one line."""
    console = Console(file=file, markup=False, emoji=False, highlight=False)
    shown = [_status_line(verdict)] if brief else list(_verdict(verdict))
    # Rich's own write ends the process with 1, which means failed, once the reader has left.
    with console.capture() as captured:
        for line in shown:
            # Without soft wrap a pipe would get lines broken at 80 characters.
            console.print(line, soft_wrap=True)
    file.write(captured.get())


def _verdict(verdict: Verdict) -> Iterator[Text]:
    yield _status_line(verdict)
    if verdict.message:
        yield Text(one_line(verdict.message))
    yield Text()
    for check in verdict.checks:
        yield from _check(check)
    for finding in verdict.findings:
        yield _finding(finding)
    yield from _effects(verdict)
    if verdict.hold is not None:
        yield _hold(verdict.hold)
    if verdict.program is not None:
        yield from _program(verdict.program, with_output=verdict.status is not Status.PASSED)
    yield _usage(verdict.usage)
    yield _isolation(verdict.isolation)
    yield _labelled("policy", f"{verdict.policy} {verdict.policy_digest[:_DIGEST_SHOWN_CHARS]}")
    yield _labelled("id", verdict.verification_id)
    if verdict.status is Status.HELD:
        yield Text(f"what becomes of it: assize verdict {one_line(verdict.verification_id)}")


def _status_line(verdict: Verdict) -> Text:
    text = Text(_STATUS_TEXT[verdict.status], style=_STATUS_STYLE[verdict.status])
    if verdict.reason is not None and verdict.reason.value != verdict.status.value:
        text.append(f": {verdict.reason.value}")
    assurance = verdict.assurance.name if verdict.assurance is not None else "none"
    text.append(f"  score {verdict.score:.2f}, assurance {assurance}", style="not bold default dim")
    return text


def _effects(verdict: Verdict) -> Iterator[Text]:
    if verdict.workspace is None:
        return
    result = verdict.workspace
    for weighed in verdict.effects:
        yield from weighed_lines(weighed)
    if verdict.effects_total > len(verdict.effects):
        yield Text(f"  ... {counted(verdict.effects_total - len(verdict.effects), 'more effect')}")
    told = f"{one_line(result.name)}: {_OUTCOME_TEXT[result.outcome]}"
    snapshots = f"{result.base[:_DIGEST_SHOWN_CHARS]} -> {result.result[:_DIGEST_SHOWN_CHARS]}"
    yield _labelled("workspace", f"{told}, {snapshots}")


def _hold(notice: HoldNotice) -> Text:
    rules, groups = ", ".join(notice.rules), " or ".join(notice.groups) or "nobody"
    gate = notice.gate.replace("_", " ")
    until = f"{datetime.fromtimestamp(notice.expires_at, UTC):%Y-%m-%d %H:%M:%SZ}"
    return _labelled(
        "hold",
        f"{notice.hold_id} {gate}, asked for by {rules}; {notice.quorum} of {groups} until {until}",
    )


def _check(check: CheckResult) -> Iterator[Text]:
    mark, style = _CHECK_MARK[check.status]
    line = Text("  ").append(mark, style=style).append(f"  {one_line(check.name)}")
    if not check.required:
        line.append(" (optional)")
    if check.cases_total:
        line.append(f" ({check.cases_passed} of {counted(check.cases_total, 'case')})")
    told = [check.reason.value] if check.reason is not None else []
    told += [one_line(check.message)] if check.message else []
    if told:
        line.append(f"  {': '.join(told)}")
    yield line
    if check.status is CheckStatus.FAILED:
        yield from _evidence(check)


def _evidence(check: CheckResult) -> Iterator[Text]:
    for label, text in (
        ("input", check.input),
        ("expected", check.expected),
        ("actual", check.actual),
    ):
        if text:
            yield from _quoted(label, lines(text))
    if check.diff and any("\n" in text for text in (check.expected, check.actual)):
        yield from _quoted("diff", lines(check.diff), coloured=True)


def _quoted(label: str, shown: list[str], *, coloured: bool = False) -> Iterator[Text]:
    """Give a text of several lines a margin, so that none of them looks like a line of ours."""
    if len(shown) <= 1:
        yield Text(f"{_INDENT}{label}: {''.join(shown)}")
        return
    yield Text(f"{_INDENT}{label}:")
    for line in shown:
        style = _DIFF_STYLE.get(line[:1], "") if coloured else ""
        yield Text(f"{_INDENT}| ").append(line, style=style)


def _finding(finding: Finding) -> Text:
    place = one_line(finding.path)
    for position in (finding.line, finding.column):
        if not position:
            break
        place += f":{position}"
    text = Text(f"  {place}: ")
    text.append(finding.severity.name.lower(), style=_SEVERITY_STYLE[finding.severity])
    rule = f"{one_line(finding.tool)} {one_line(finding.rule)}"
    return text.append(f": {one_line(finding.message)} [{rule}]")


def _program(program: ProgramEnd, *, with_output: bool) -> Iterator[Text]:
    if program.exit_code is not None:
        yield _labelled("program", f"exit status {program.exit_code}")
    elif program.signal is not None:
        yield _labelled("program", f"ended by signal {program.signal}")
    else:
        yield _labelled("program", "stopped")
    if with_output:
        yield from _last_lines("stdout", program.stdout)
        yield from _last_lines("stderr", program.stderr)


def _last_lines(label: str, output: Output) -> Iterator[Text]:
    """Show how an output ended; the end of a traceback says most."""
    if not output.total_bytes:
        return
    end = output.tail if output.truncated else output.head + output.tail
    shown = lines(end.decode("utf-8", "backslashreplace"))
    if output.truncated or len(shown) > _MOST_OUTPUT_LINES:
        label = f"end of {label} ({counted(output.total_bytes, 'byte')})"
    yield from _quoted(label, shown[-_MOST_OUTPUT_LINES:])


def _usage(usage: Usage) -> Text:
    parts = [
        f"{usage.wall_seconds:.2f} s wall",
        f"{usage.cpu_seconds:.2f} s CPU",
        f"{usage.peak_memory_bytes / 2**20:.1f} MiB peak memory",
        f"{counted(usage.output_bytes, 'byte')} of output",
    ]
    if usage.peak_pids:
        parts.insert(3, f"{counted(usage.peak_pids, 'process', 'processes')} at most")
    return _labelled("usage", ", ".join(parts))


def _isolation(isolation: Isolation | None) -> Text:
    if isolation is None:
        return _labelled("isolation", "nothing was run")
    image = isolation.image_digest.removeprefix("sha256:")[:_DIGEST_SHOWN_CHARS]
    held = ", ".join(isolation.barriers) or "none"
    return _labelled(
        "isolation", f"{isolation.engine}, {isolation.runtime}, image {image}; held: {held}"
    )


def _labelled(label: str, text: str) -> Text:
    return Text(f"{label}: ", style="dim").append(one_line(text), style="not dim")
