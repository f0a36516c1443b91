"""`assize verify`: have code judged."""

import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assize.cli import completion, exit_codes
from assize.cli.document import verdict_json
from assize.cli.progress import Progress
from assize.cli.rendering import print_verdict
from assize.cli.sources import entry_point, read_pairs, read_sources
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption, connected
from assize.client import Client
from assize.convert.requests import VerificationRequest
from assize.errors import ServiceFailure
from assize.model.submission import RequestedLimits, Submission, WorkspaceUse
from assize.model.verdict import Verdict
from assize.spec_file import load_spec

_KIB = 1024
_MIB = 1024 * _KIB
_WORKSPACE = "Workspace"
_LIMITS = "Limits (they can only tighten the policy's)"


class Format(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("-o", "--output", help="text for people, json for scripts.")
]


def verify(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            exists=True,
            help="Python files; of a folder, all .py files below it.",
            show_default=False,
        ),
    ],
    spec: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, metavar="SPEC", help="What the code must show (YAML)."
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The policy's name; empty: the default one.",
            autocompletion=completion.policies,
        ),
    ] = "",
    server: ServerOption = "",
    run: Annotated[
        str | None,
        typer.Option(
            "--entry-point",
            metavar="FILE",
            help="The file to run. By default the only one, if the spec checks what a program "
            "does.",
            show_default=False,
        ),
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Option("--arg", metavar="TEXT", help="An argument of the program; repeatable."),
    ] = None,
    stdin: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(metavar="FILE", help="What the program reads; - for what this one gets."),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option("--env", metavar="NAME=VALUE", help="An environment variable; repeatable."),
    ] = None,
    workspace: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_WORKSPACE,
            help="The workspace that the code runs over.",
            autocompletion=completion.workspaces,
        ),
    ] = "",
    base: Annotated[
        str,
        typer.Option(
            metavar="SNAPSHOT", rich_help_panel=_WORKSPACE, help="Begin with it; empty: the head."
        ),
    ] = "",
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            rich_help_panel=_WORKSPACE,
            help="The submitted files become part of the workspace, as a patch does.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", rich_help_panel=_WORKSPACE, help="Tell the effects, commit nothing."
        ),
    ] = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    wall_seconds: Annotated[float | None, typer.Option(rich_help_panel=_LIMITS)] = None,
    cpu_seconds: Annotated[float | None, typer.Option(rich_help_panel=_LIMITS)] = None,
    memory_mb: Annotated[int | None, typer.Option(rich_help_panel=_LIMITS, help="In MiB.")] = None,
    pids: Annotated[
        int | None, typer.Option(rich_help_panel=_LIMITS, help="Processes and threads at once.")
    ] = None,
    output_kb: Annotated[
        int | None, typer.Option(rich_help_panel=_LIMITS, help="Kept of each output, in KiB.")
    ] = None,
    disk_mb: Annotated[int | None, typer.Option(rich_help_panel=_LIMITS, help="In MiB.")] = None,
    file_mb: Annotated[
        int | None, typer.Option(rich_help_panel=_LIMITS, help="The largest file, in MiB.")
    ] = None,
    open_files: Annotated[int | None, typer.Option(rich_help_panel=_LIMITS)] = None,
    output: FormatOption = Format.TEXT,
    request_id: Annotated[
        str, typer.Option(metavar="ID", help="The same id and content is judged once.")
    ] = "",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress; as text, only the first line.")
    ] = False,
) -> None:
    """Judge code in a sandbox and print the verdict.

    Exit status: 0 passed, 1 failed, 2 bad usage or request, 3 held for a person, 4 could not tell,
    130 interrupted (the run is stopped).

    Example: assize verify solution.py --spec spec.yaml

    Example: assize verify src/ --spec spec.yaml --entry-point main.py --arg 3 -o json

    Example: assize verify patch/ --spec spec.yaml --workspace shop --keep
    """
    files, wanted = read_sources(paths), load_spec(spec)
    request = VerificationRequest(
        submission=Submission(
            files=files,
            entry_point=entry_point(run, files, wanted),
            arguments=tuple(arguments or ()),
            stdin=stdin.read() if stdin is not None else b"",
            environment=read_pairs(env or ()),
        ),
        spec=wanted,
        policy=policy,
        limits=RequestedLimits(
            wall_seconds=wall_seconds,
            cpu_seconds=cpu_seconds,
            memory_bytes=_times(memory_mb, _MIB),
            pids=pids,
            output_bytes=_times(output_kb, _KIB),
            disk_bytes=_times(disk_mb, _MIB),
            file_bytes=_times(file_mb, _MIB),
            open_files=open_files,
        ),
        request_id=request_id,
        workspace=_workspace_use(workspace, base, keep=keep, dry_run=dry_run),
    )
    first = "asking the service" if server else "starting the service"
    with (
        Progress(first, wanted=not quiet) as progress,
        connected(server, timeout_seconds) as client,
    ):
        verdict = _judged(client, request, progress)
    print_answer(verdict, output, brief=quiet)
    raise typer.Exit(exit_codes.of_status(verdict.status))


def _workspace_use(name: str, base: str, *, keep: bool, dry_run: bool) -> WorkspaceUse | None:
    if name:
        return WorkspaceUse(name, base, keep_submission=keep, dry_run=dry_run)
    for option, given in (("--base", bool(base)), ("--keep", keep), ("--dry-run", dry_run)):
        if given:
            raise typer.BadParameter("means nothing without --workspace", param_hint=option)
    return None


def _judged(client: Client, request: VerificationRequest, progress: Progress) -> Verdict:
    stream = client.stream(
        request.submission,
        request.spec,
        request.policy,
        request.limits,
        request.request_id,
        request.workspace,
    )
    # Closing stops the run; Ctrl-C leaves through here.
    with closing(stream) as events:
        for event in events:
            progress.tell(event)
            if isinstance(event, Verdict):
                return event
    raise ServiceFailure("the service ended the stream without a verdict")


def print_answer(verdict: Verdict, output: Format, *, brief: bool) -> None:
    """Write a verdict to standard output."""
    if output is Format.JSON:
        sys.stdout.write(f"{verdict_json(verdict)}\n")
    else:
        print_verdict(verdict, sys.stdout, brief=brief)
    # A reader that has left is noticed here, not after the exit status is chosen.
    sys.stdout.flush()


def _times(count: int | None, unit_bytes: int) -> int | None:
    return None if count is None else count * unit_bytes
