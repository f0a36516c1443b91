"""`assize policy`: what a service judges by.

The package of the service adds commands that need no service, by the entry point group
`assize.policy`; each of its entries is a Typer application whose commands become ours.
"""

import json
import sys
from importlib.metadata import entry_points
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from assize.cli import completion
from assize.cli.document import to_json
from assize.cli.progress import Progress
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption, connected
from assize.cli.terminal import lines, one_line
from assize.cli.verify import Format, FormatOption
from assize.convert.policies import PolicySummary

_GROUP: Final = "assize.policy"


class Commands(TyperGroup):
    """Our commands and those that are attached; ours win."""

    # Typer has brought its own copy of Click since 0.2x, so the types here have no one name.
    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names: ours first, then the attached ones."""
        ours = super().list_commands(ctx)
        return [*ours, *sorted(set(_attached()) - set(ours))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name; the attached ones are imported for it."""
        command = super().get_command(ctx, cmd_name)
        return command if command is not None else _attached().get(cmd_name)


app = typer.Typer(
    cls=Commands,
    help="Show the policies that a service judges by; with the package of the service, check, "
    "explain and compare policy files offline.",
    no_args_is_help=True,
)


@app.command("list")
def list_policies(
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """List the policies by name.

    Example: assize policy list --server 127.0.0.1:50051
    """
    with (
        Progress("reading the policies", wanted=True),
        connected(server, timeout_seconds) as client,
    ):
        policies = client.policies()
    if output is Format.JSON:
        _print_json([to_json(policy) for policy in policies])
    else:
        _print_table(policies)
    sys.stdout.flush()


@app.command()
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The policy's name.", autocompletion=completion.policies
        ),
    ] = "default",
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print one policy as it was written.

    Example: assize policy show strict
    """
    with Progress("reading the policy", wanted=True), connected(server, timeout_seconds) as client:
        policy = client.policy(name)
    if output is Format.JSON:
        _print_json(to_json(policy))
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(policy.source))
    sys.stdout.flush()


def _attached() -> dict[str, Any]:
    """Return the offline commands by name: none, where the service is not installed."""
    commands: dict[str, Any] = {}
    for entry_point in entry_points(group=_GROUP):
        try:
            group = typer.main.get_command(entry_point.load())
        except ImportError:
            # A light installation has the entry point, and not what it needs.
            continue
        commands |= getattr(group, "commands", {})
    return commands


def _print_json(document: object) -> None:
    sys.stdout.write(f"{json.dumps(document, indent=2)}\n")


def _print_table(policies: tuple[PolicySummary, ...]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "owner", "description", "digest"):
        table.add_column(heading, overflow="fold")
    for policy in policies:
        cells = (policy.name, policy.owner, policy.description, policy.digest[:12])
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    console = Console(file=sys.stdout, markup=False)
    with console.capture() as captured:
        console.print(table)
    sys.stdout.write(captured.get())
