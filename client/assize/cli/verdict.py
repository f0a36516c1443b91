"""`assize verdict`: what became of a verification, also after a restart or an approval."""

from typing import Annotated

import typer

from assize.cli import exit_codes
from assize.cli.progress import Progress
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption, connected
from assize.cli.verify import Format, FormatOption, print_answer


def verdict(
    verification_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id that the verdict named.", show_default=False)
    ],
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print the verdict of a verification, as `assize verify` would have.

    Of a run that was held, the verdict given after a person has decided, and until then HELD.
    Exit status: as of `assize verify`.

    Example: assize verdict 3f0c9d2a4b6e4f2f8f1d7c5b9a8e7d6c -o json
    """
    with Progress("asking the service", wanted=True), connected(server, timeout_seconds) as client:
        found = client.verdict(verification_id)
    print_answer(found, output, brief=False)
    raise typer.Exit(exit_codes.of_status(found.status))
