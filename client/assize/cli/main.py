"""The `assize` command: its parts, the one place that tells errors, and commands of the service.

The service adds commands by the entry point group `assize.commands`. They are imported when they
are used or listed, never to run another command, and a light installation names them only.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from assize.cli import exit_codes, policy, workspace
from assize.cli.candidates import candidates
from assize.cli.exit_codes import ExitStatus
from assize.cli.target import EmbeddedFailure
from assize.cli.terminal import one_line
from assize.cli.verdict import verdict
from assize.cli.verify import verify
from assize.errors import AssizeError, InvalidRequest, Overloaded, Unavailable

_GROUP: Final = "assize.commands"
_DISTRIBUTION: Final = "assize"
_NO_SERVICE: Final = (
    "see that the service runs (`assize serve`) and that this is its address (--server or "
    "ASSIZE_SERVER; for approvers --approvals-server or ASSIZE_APPROVALS_SERVER)"
)
_APPROVER: Final = (
    # Commands of ours that check signatures: a light installation has no library for that.
    EntryPoint("audit", "assize.cli.audit:app", _GROUP),
    EntryPoint("attest", "assize.cli.attest:app", _GROUP),
    EntryPoint("holds", "assize.cli.holds:app", _GROUP),
    EntryPoint("approve", "assize.cli.approve:approve", _GROUP),
    EntryPoint("deny", "assize.cli.approve:deny", _GROUP),
    EntryPoint("approvals", "assize.cli.approvals:app", _GROUP),
)


class Commands(TyperGroup):
    """Our commands and those that are attached; ours win."""

    # Typer has brought its own copy of Click since 0.2x, so the types here have no one name.
    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names: ours first, then the attached ones."""
        ours = super().list_commands(ctx)
        return [*ours, *sorted(set(_attached()) - set(ours))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name, importing it if it is attached."""
        command = super().get_command(ctx, cmd_name)
        if command is None and (entry_point := _attached().get(cmd_name)) is not None:
            return _load(entry_point)
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; errors are told on standard error, never as a traceback."""
        try:
            return super().invoke(ctx)
        except AssizeError as error:
            _tell(error)
            raise typer.Exit(exit_codes.of_error(error)) from error
        except BrokenPipeError as error:
            # Typer would end with 1, and Python's own flush at exit would fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitStatus.UNKNOWN) from error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Verdicts on agent-written code that the code could not have forged.",
)
app.command()(verify)
app.command()(candidates)
app.command()(verdict)
app.add_typer(policy.app, name="policy")
app.add_typer(workspace.app, name="workspace")


@app.command("version")
def print_version() -> None:
    """Print the version."""
    typer.echo(f"{_DISTRIBUTION} {version(_DISTRIBUTION)}")


def run() -> NoReturn:
    """Run the command line of this process and end it."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the locale cannot show must not cost the verdict.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever ignores one of them (nohup) means it.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)
    try:
        app()
    except Exception:  # noqa: BLE001 - Python would end with 1, which means that the code failed
        traceback.print_exc()
    sys.exit(ExitStatus.UNKNOWN)


def _leave(number: int, _frame: object) -> NoReturn:
    """Leave by every `finally`, so that no container stays behind; a second signal just ends."""
    signal.signal(number, signal.SIG_DFL)
    sys.exit(128 + number)


def _attached() -> dict[str, EntryPoint]:
    return {each.name: each for each in (*entry_points(group=_GROUP), *_APPROVER)}


def _load(entry_point: EntryPoint) -> Any:
    try:
        loaded = entry_point.load()
    except Exception as error:  # noqa: BLE001 - told once the command is used; --help goes on
        return _as_command(entry_point.name, _unusable(entry_point, error), lenient=True)
    if isinstance(loaded, typer.Typer):
        group = typer.main.get_command(loaded)
        group.name = entry_point.name
        return group
    return _as_command(entry_point.name, loaded)


def _as_command(name: str, function: Callable[..., None], *, lenient: bool = False) -> Any:
    settings = {"ignore_unknown_options": lenient, "allow_extra_args": lenient}
    holder = typer.Typer(add_completion=False)
    holder.command(name, context_settings=settings)(function)
    return typer.main.get_command(holder)


def _unusable(entry_point: EntryPoint, error: Exception) -> Callable[[], None]:
    """Return what stands for a command that cannot be imported."""
    needs = "more libraries: pip install 'assize[approver]'"
    if entry_point not in _APPROVER:
        needs = "the service: pip install 'assize[server]'"

    def explain() -> None:
        """Not usable here; run it to see why."""
        if not isinstance(error, ImportError):
            raise error
        typer.echo(f"assize {entry_point.name} needs {needs} ({error})", err=True)
        raise typer.Exit(ExitStatus.USAGE)

    return explain


def _tell(error: AssizeError) -> None:
    violations = error.violations if isinstance(error, InvalidRequest) else ()
    told = [f"{violation.field}: {violation.description}" for violation in violations]
    for text in told or [str(error)]:
        typer.echo(f"error: {one_line(text)}", err=True)
    if isinstance(error, Overloaded) and error.retry_after_seconds is not None:
        typer.echo(f"try again in {error.retry_after_seconds:g} s", err=True)
    if isinstance(error, Unavailable) and not error.reason:
        typer.echo(f"to mend it: {_NO_SERVICE}", err=True)
    if isinstance(error, EmbeddedFailure) and error.remedy:
        typer.echo(f"to mend it: {one_line(error.remedy)}", err=True)
