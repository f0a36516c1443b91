"""`assize candidates`: have several candidates judged by one spec, and estimate pass@k."""

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from assize.cli import completion, exit_codes
from assize.cli.document import to_json
from assize.cli.sources import entry_point, read_sources
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption, connected
from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.errors import ServiceFailure
from assize.model.candidates import CandidatesSummary, CandidateVerdict
from assize.model.spec import Spec
from assize.model.submission import Submission
from assize.spec_file import load_spec


def candidates(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="CANDIDATE",
            exists=True,
            help="One candidate each: a Python file, or a folder with all .py files below it.",
            show_default=False,
        ),
    ],
    spec: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, metavar="SPEC", help="What the code must show (YAML)."
        ),
    ],
    named: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Submit each candidate that is one file under this name, such as solution.py.",
        ),
    ] = "",
    k: Annotated[
        list[int] | None, typer.Option("--k", min=1, help="Estimate pass@k; repeatable.")
    ] = None,
    repetitions: Annotated[
        int,
        typer.Option(
            "--repeat", min=1, help="Judge each so often, to find what passes only sometimes."
        ),
    ] = 1,
    policy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The policy's name; empty: the default one.",
            autocompletion=completion.policies,
        ),
    ] = "",
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """Judge several candidates, each verdict as it comes, and estimate pass@k.

    With -o json there is one JSON object a line, the summary last.

    Exit status: 0 some candidate passed, 1 none did, 2 bad usage or request, 4 could not tell.

    Example: assize candidates samples/*.py --as solution.py --spec spec.yaml --k 1 --k 10
    """
    wanted = load_spec(spec)
    submissions = [submission(path, named, wanted) for path in paths]
    with (
        connected(server, timeout_seconds) as client,
        closing(
            client.verify_candidates(
                submissions, wanted, k=k or (), repetitions=repetitions, policy=policy
            )
        ) as events,
    ):
        for event in events:
            _print(event, paths, output)
            if isinstance(event, CandidatesSummary):
                raise typer.Exit(exit_status(event))
    raise ServiceFailure("the service ended the stream without a summary")


def submission(path: Path, named: str, spec: Spec) -> Submission:
    """Return the submission of one candidate."""
    files = read_sources([path])
    if named and len(files) == 1:
        files = (replace(files[0], path=named),)
    return Submission(files, entry_point(None, files, spec))


def exit_status(summary: CandidatesSummary) -> exit_codes.ExitStatus:
    """Return what a script is told."""
    if summary.passed:
        return exit_codes.ExitStatus.PASSED
    if summary.failed:
        return exit_codes.ExitStatus.FAILED
    return exit_codes.ExitStatus.UNKNOWN


def _print(
    event: CandidateVerdict | CandidatesSummary, paths: Sequence[Path], output: Format
) -> None:
    if output is Format.JSON:
        text = json.dumps(_document(event, paths))
    elif isinstance(event, CandidateVerdict):
        text = _line(event, paths)
    else:
        text = _told(event, paths)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _document(
    event: CandidateVerdict | CandidatesSummary, paths: Sequence[Path]
) -> dict[str, object]:
    if isinstance(event, CandidatesSummary):
        return {"event": "summary", "summary": to_json(event)}
    path = str(paths[event.candidate])
    return {"event": "verdict", "path": path, "candidate": to_json(event)}


def _line(event: CandidateVerdict, paths: Sequence[Path]) -> str:
    verdict = event.verdict
    end = verdict.status.value if verdict.reason is None else verdict.reason.value
    same = "" if event.same_as is None else f" (the same as {one_line(str(paths[event.same_as]))})"
    return f"{end:<16} {one_line(str(paths[event.candidate]))}{same}: {one_line(verdict.message)}"


def _told(summary: CandidatesSummary, paths: Sequence[Path]) -> str:
    counts = (
        f"{summary.passed} of {summary.candidates} passed, {summary.failed} failed, "
        f"{summary.undecided} could not be told, {summary.duplicates} were the same as another"
    )
    lines = [counts]
    lines += [f"passes only sometimes: {one_line(str(paths[index]))}" for index in summary.flaky]
    lines += [
        f"pass@{each.k}: {each.estimate:.3f} (95% interval {each.low:.3f} to {each.high:.3f})"
        for each in summary.pass_at_k
    ]
    return "\n".join(lines)
