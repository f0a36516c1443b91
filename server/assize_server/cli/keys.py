"""`assize keys`: the service's signing keys, on the service's own machine."""

import time
from typing import Annotated, NoReturn

import typer

from assize.audit.checkpoints import verifier_key
from assize_sandbox.errors import SandboxError
from assize_server.attestation.keys import ServiceKeys, open_keys, rotate
from assize_server.cli.environment import settings_here
from assize_server.store.occupancy import alone_in

EXIT_CANNOT = 4

app = typer.Typer(
    help="Show and rotate the keys that the service signs with.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def show(
    notes: Annotated[
        bool, typer.Option("--notes", help="In the form that tools for signed notes take.")
    ] = False,
) -> None:
    """Print the public keys as PEM, the one that signs first; makes the first one if need be.

    Example: assize keys show > service.pub
    """
    try:
        keys = open_keys(settings_here().state_folder(), _now_ms)
    except SandboxError as error:
        _fail(error)
    _print(keys, notes=notes)


@app.command("rotate")
def rotate_keys() -> None:
    """Make another key the one that signs. Stop the service first, start it again afterwards.

    It refuses while the service runs (exit status 4). The old public key stays listed, and the next
    start writes the change to the audit log. Tell the new key to everybody who pinned the old one,
    and let them keep both.

    Example: assize keys rotate > service.pub
    """
    folder = settings_here().state_folder()
    try:
        with alone_in(folder):
            keys = rotate(folder, _now_ms())
    except SandboxError as error:
        _fail(error)
    _print(keys, notes=False)


def _print(keys: ServiceKeys, *, notes: bool) -> None:
    for each in keys.listed:
        state = "signs now" if each.until_ms is None else "retired"
        typer.echo(f"{each.key.id}  {state}", err=True)
        typer.echo(verifier_key(keys.origin, each.key) if notes else each.key.pem().rstrip())


def _fail(error: SandboxError) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    typer.echo(f"to mend it: {error.remedy}", err=True)
    raise typer.Exit(EXIT_CANNOT) from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
