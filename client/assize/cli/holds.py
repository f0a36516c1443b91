"""`assize holds`: what waits for a person."""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from assize.approvals.bundles import to_file
from assize.approvals.digests import require_honest, shown_digest
from assize.cli import completion
from assize.cli.approval_target import ApprovalsServerOption, AuthoritiesOption, approval_client
from assize.cli.document import to_json
from assize.cli.hold_rendering import hold_text, stats_text, summary_line
from assize.cli.signing import written_aside
from assize.cli.verify import Format, FormatOption
from assize.model.approvals import HoldState

app = typer.Typer(help="See what waits for a person.", no_args_is_help=True, add_completion=False)

HoldArgument = Annotated[
    str, typer.Argument(metavar="HOLD", help="The hold's id.", autocompletion=completion.holds)
]


@app.command("list")
def list_holds(
    states: Annotated[
        list[HoldState] | None,
        typer.Option("--state", help="Only those in this state; repeatable. By default: pending."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Whatever the state.")] = False,
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List holds, those that end first at the top.

    Exit status: 0 listed, 2 bad usage or no access, 4 no answer.

    Example: assize holds list --approvals-server 127.0.0.1:50052

    Example: assize holds list --all -o json
    """
    wanted = () if every else tuple(states or (HoldState.PENDING,))
    with approval_client(server, authorities) as client:
        found = client.holds(wanted)
    if output is Format.JSON:
        _print_json([to_json(hold) for hold in found])
    else:
        sys.stdout.writelines(f"{summary_line(hold)}\n" for hold in found)
        if not found:
            waits = "there are no such holds" if every or states else "nothing waits for a person"
            typer.echo(waits, err=True)
    sys.stdout.flush()


@app.command()
def show(
    hold_id: HoldArgument,
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show all that a decision is about, what loses content first.

    The digests are computed here: what the service says of them is not believed.

    Exit status: 0 shown, 2 bad usage or no access, 4 no answer, or what it shows does not fit.

    Example: assize holds show hold-3f2a
    """
    with approval_client(server, authorities) as client:
        bundle, status = client.hold(hold_id)
    require_honest(bundle.hold)
    if output is Format.JSON:
        digest = shown_digest(bundle.hold)
        _print_json({"hold": to_json(bundle.hold), "status": to_json(status), "digest": digest})
    else:
        sys.stdout.write(hold_text(bundle.hold, status))
    sys.stdout.flush()


@app.command()
def watch(
    after: Annotated[int, typer.Option(min=0, help="Only changes after this sequence number.")] = 0,
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print every hold as it is made or changes, a line each, until interrupted.

    Exit status: 130 interrupted, 2 bad usage or no access, 4 the connection broke.

    Example: assize holds watch -o json
    """
    with (
        approval_client(server, authorities) as client,
        closing(client.watch(after)) as changes,
    ):
        for hold in changes:
            line = json.dumps(to_json(hold)) if output is Format.JSON else summary_line(hold)
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


@app.command()
def export(
    hold_id: HoldArgument,
    to: Annotated[Path, typer.Option(metavar="FILE", help="A file that is not there yet.")],
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
) -> None:
    """Write what a decision is about to a file, for a machine without a network.

    Whoever submitted the run must not see the file: it holds the nonce.

    Exit status: 0 written, 2 bad usage or no access, 4 no answer.

    Example: assize holds export hold-3f2a --to hold.json
    """
    with approval_client(server, authorities) as client:
        bundle, _status = client.hold(hold_id)
    require_honest(bundle.hold)
    written_aside(to, to_file(bundle))


@app.command()
def stats(
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Tell how holds ended: a rule that is always approved may be too strict.

    Exit status: 0 told, 2 bad usage or no access, 4 no answer.

    Example: assize holds stats
    """
    with approval_client(server, authorities) as client:
        found = client.stats()
    if output is Format.JSON:
        _print_json(to_json(found))
    else:
        sys.stdout.write(stats_text(found))
    sys.stdout.flush()


def _print_json(document: object) -> None:
    sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
