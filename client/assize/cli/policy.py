"""`assize policy`: what a service judges by."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assize.cli.document import to_json
from assize.cli.progress import Progress
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption, connected
from assize.cli.terminal import lines, one_line
from assize.cli.verify import Format, FormatOption
from assize.convert.policies import PolicySummary

app = typer.Typer(help="Show the policies that a service judges by.", no_args_is_help=True)


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
    name: Annotated[str, typer.Argument(help="The policy's name.")] = "default",
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
