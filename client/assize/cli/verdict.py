"""`assize verdict`: what became of a verification, also after a restart or an approval."""

import time
from typing import Annotated, Final

import typer

from assize.cli import exit_codes
from assize.cli.progress import Progress
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption, connected
from assize.cli.verify import Format, FormatOption, print_answer
from assize.client import Client
from assize.model.verdict import Status, Verdict

LOOKS_SECONDS: Final = 0.2


def verdict(
    verification_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id that the verdict named.", show_default=False)
    ],
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait",
            help="Of a held run: until somebody has decided, or its time is over.",
        ),
    ] = False,
) -> None:
    """Print the verdict of a verification, as `assize verify` would have.

    Of a run that was held, the verdict given after a person has decided, and until then HELD.
    --timeout bounds each question to the service, and not that wait.
    Exit status: as of `assize verify`.

    Example: assize verdict 3f0c9d2a4b6e4f2f8f1d7c5b9a8e7d6c --wait -o json
    """
    with (
        Progress("asking the service", wanted=True) as progress,
        connected(server, timeout_seconds) as client,
    ):
        found = client.verdict(verification_id)
        if wait and found.hold is not None:
            progress.say(f"waiting until somebody decides about {found.hold.hold_id}")
            found = decided(client, found, found.hold.hold_id)
    print_answer(found, output, brief=False)
    raise typer.Exit(exit_codes.of_status(found.status))


def decided(client: Client, held: Verdict, hold_id: str) -> Verdict:
    """Return the verdict given once a hold has ended, and the run that it let through."""
    for _ in client.watch_hold(hold_id):
        # The last one is an end.
        pass
    found = held
    while found.status is Status.HELD:
        found = client.verdict(held.verification_id)
        # A run that was held before it began goes on for a while after the approval.
        time.sleep(LOOKS_SECONDS)
    return found
