"""`assize approve` and `assize deny`: look at what waits, and sign an answer."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from assize.approvals import tokens
from assize.approvals.bundles import MOST_BYTES, from_file
from assize.approvals.digests import require_honest, shown_digest
from assize.approvals.refusals import Refused
from assize.cli import completion
from assize.cli.approval_target import ApprovalsServerOption, AuthoritiesOption, approval_client
from assize.cli.document import to_json
from assize.cli.hold_rendering import hold_text
from assize.cli.signing import (
    DEFAULT_KEY,
    KeyOption,
    exit_status,
    read_bounded,
    require_yes,
    signing_key,
    written_aside,
)
from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.errors import InvalidRequest
from assize.model.approvals import ApprovalDecision, Bundle, HoldState, HoldStatus

_BECAME: Final = {state: f"is {state.value}" for state in HoldState} | {
    HoldState.EXPIRED: "has expired",
    HoldState.CONFLICT: "was approved and did not land, a conflict",
    HoldState.FAILED: "was approved and could not be carried out",
}

HoldArgument = Annotated[
    str, typer.Argument(metavar="HOLD", help="The hold's id.", autocompletion=completion.holds)
]
BundleOption = Annotated[
    Path | None,
    typer.Option(
        "--bundle",
        metavar="FILE",
        show_default=False,
        help="Decide by this file of `holds export`, without a network.",
    ),
]
DecisionOption = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="FILE",
        show_default=False,
        help="With --bundle: where the signed decision goes. By default HOLD.decision.json.",
    ),
]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Do not ask. Needs --digest.", show_default=False)
]
DigestOption = Annotated[
    str,
    typer.Option(
        "--digest",
        metavar="SHA256",
        show_default=False,
        help="The digest of what you have looked at; anything else is not signed.",
    ),
]


def approve(
    hold_id: HoldArgument,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    key: KeyOption = DEFAULT_KEY,
    yes: YesOption = False,
    digest: DigestOption = "",
    bundle: BundleOption = None,
    to: DecisionOption = None,
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Approve a hold: see the exact difference, and sign it with your key.

    What is asked goes to standard error, what became of it to standard output.

    Exit status: 0 it landed or was started (with --bundle: written), 1 it was approved but did not
    land, 2 refused or bad usage, 3 recorded and more people must sign, 4 could not tell.

    Example: assize approve hold-3f2a --reason "checked with the owner"

    Example: assize approve hold-3f2a --bundle hold.json --to decision.json
    """
    answer = _Answer(hold_id, ApprovalDecision.APPROVE, reason, key, yes, digest)
    _decide(answer, bundle, to, server, authorities, output)


def deny(
    hold_id: HoldArgument,
    reason: Annotated[str, typer.Option(help="Why; it is recorded and told to the submitter.")],
    key: KeyOption = DEFAULT_KEY,
    yes: YesOption = False,
    digest: DigestOption = "",
    bundle: BundleOption = None,
    to: DecisionOption = None,
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Deny a hold, which is final.

    Exit status: 0 denied (with --bundle: written), 2 refused or bad usage, 4 could not tell.

    Example: assize deny hold-3f2a --reason "not on a Friday"
    """
    answer = _Answer(hold_id, ApprovalDecision.DENY, reason, key, yes, digest)
    _decide(answer, bundle, to, server, authorities, output)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was asked for on the command line."""

    hold_id: str
    decision: ApprovalDecision
    reason: str
    key: Path
    yes: bool
    digest: str

    def require_usable(self) -> None:
        """Refuse what the command line may not say.

        Raises:
            BadParameter: An option is missing.
        """
        if self.yes and not self.digest:
            raise typer.BadParameter("say what you looked at with --digest", param_hint="--yes")
        if self.decision is ApprovalDecision.DENY and not self.reason.strip():
            raise typer.BadParameter("a denial says why", param_hint="--reason")

    def signed(self, bundle: Bundle, status: HoldStatus | None) -> bytes:
        """Show the hold, ask, and return the signed decision.

        Raises:
            AssizeError: What is shown is not what is bound, or the key cannot be used.
        """
        hold = bundle.hold
        if hold.id != self.hold_id:
            raise InvalidRequest(f"this is {hold.id!r}, not {self.hold_id!r}")
        require_honest(hold)
        found = shown_digest(hold)
        if self.digest and found != self.digest.strip().lower():
            raise InvalidRequest(f"the hold's digest is {found}, not {self.digest!r}")
        sys.stderr.write(hold_text(hold, status))
        verb = self.decision.value
        otherwise = "give --yes with --digest"
        require_yes(f"Sign to {verb} {hold.id}?", yes=self.yes, otherwise=otherwise)
        statement = tokens.statement_of(bundle, self.decision, self.reason)
        return tokens.signed(statement, signing_key(self.key))


def _decide(
    answer: _Answer,
    bundle_file: Path | None,
    to: Path | None,
    server: str,
    authorities: Path | None,
    output: Format,
) -> None:
    answer.require_usable()
    if bundle_file is not None:
        bundle = _bundle_of(bundle_file)
        envelope = answer.signed(bundle, None)
        target = to or Path(f"{bundle.hold.id}.decision.json")
        written_aside(target, envelope)
        typer.echo(f"written: {one_line(str(target))}; `assize approvals submit` sends it")
        return
    if to is not None:
        raise typer.BadParameter("only with --bundle", param_hint="--to")
    with approval_client(server, authorities) as client:
        envelope = answer.signed(*client.hold(answer.hold_id))
        hold_id, status = client.submit(envelope)
    print_status(hold_id, status, output)
    raise typer.Exit(exit_status(status.state))


def _bundle_of(path: Path) -> Bundle:
    try:
        return from_file(read_bounded(path, MOST_BYTES))
    except Refused as error:
        raise InvalidRequest(f"{path} is no file of `assize holds export`: {error}") from error


def print_status(hold_id: str, status: HoldStatus, output: Format) -> None:
    """Print what became of a hold."""
    if output is Format.JSON:
        document = {"hold": hold_id, "status": to_json(status)}
        sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    else:
        detail = f": {status.detail}" if status.detail else ""
        sys.stdout.write(one_line(f"{hold_id} {_BECAME[status.state]}{detail}") + "\n")
    sys.stdout.flush()
