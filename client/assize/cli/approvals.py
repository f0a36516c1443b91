"""`assize approvals`: keys, decisions that were signed elsewhere, and grants."""

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from assize.approvals import grants as signing
from assize.approvals.digests import require_honest
from assize.approvals.envelopes import MOST_ENVELOPE_BYTES
from assize.approvals.keys import generate, key_id, public_pem, write_private
from assize.approvals.refusals import RefusalCode
from assize.cli import completion
from assize.cli.approval_target import ApprovalsServerOption, AuthoritiesOption, approval_client
from assize.cli.approve import print_status
from assize.cli.document import to_json
from assize.cli.hold_rendering import moment
from assize.cli.signing import (
    DEFAULT_KEY,
    KeyOption,
    exit_status,
    passphrase,
    read_bounded,
    require_yes,
    signing_key,
    written_aside,
)
from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.counts import counted
from assize.errors import InvalidRequest
from assize.model.approvals import Grant, GrantRecord, Hold

app = typer.Typer(help="Keys and grants of approvers.", no_args_is_help=True, add_completion=False)

_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([smh])")
_CLOCK_SECONDS: Final = 300
"""How far the service's clock may be behind ours."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


@app.command()
def keygen(
    to: Annotated[
        Path, typer.Option(metavar="FILE", help="A file that is not there yet.")
    ] = DEFAULT_KEY,
) -> None:
    """Make a key: the private half encrypted to FILE, the public half to FILE.pub and printed.

    The public half goes into the service's approvers.yaml. The passphrase is asked for, or
    ASSIZE_KEY_PASSPHRASE.

    Exit status: 0 made, 2 the file is there or the passphrase is too short.

    Example: assize approvals keygen --to ~/.config/assize/approver.key
    """
    path = to.expanduser()
    if os.path.lexists(path):
        raise InvalidRequest(f"{path} is there already, and is not overwritten: name another")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"{path.parent}: {error.strerror or error}") from error
    key = generate()
    write_private(path, key, passphrase("Passphrase for the new key", confirmed=True))
    pem = public_pem(key.public_key())
    written_aside(path.with_name(f"{path.name}.pub"), pem.encode())
    typer.echo(f"key {key_id(key.public_key())}; for approvers.yaml, below `keys:`", err=True)
    sys.stdout.write("- |\n" + "".join(f"  {line}\n" for line in pem.splitlines()))
    sys.stdout.flush()


@app.command()
def submit(
    decision: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `approve --bundle` has written.")
    ],
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Send a decision that was signed elsewhere. Whoever signed it decides, not who sends it.

    Exit status: as of `assize approve` and `assize deny`.

    Example: assize approvals submit decision.json
    """
    envelope = read_bounded(decision, MOST_ENVELOPE_BYTES)
    try:
        with approval_client(server, authorities) as client:
            hold_id, status = client.submit(envelope)
    except InvalidRequest as error:
        if error.reason != RefusalCode.MALFORMED_TOKEN:
            raise
        raise InvalidRequest(f"{decision} is no signed decision: {error}") from error
    print_status(hold_id, status, output)
    raise typer.Exit(exit_status(status.state))


@app.command()
def grant(
    like: Annotated[
        str,
        typer.Option(
            "--like",
            metavar="HOLD",
            help="Like this hold: for its workspace, its policy and its rules.",
            autocompletion=completion.holds,
        ),
    ],
    paths: Annotated[
        list[str],
        typer.Option("--path", metavar="GLOB", help="Paths, from workspace/ on; repeatable."),
    ],
    most_effects: Annotated[
        int, typer.Option("--most", min=1, max=signing.MOST_EFFECTS, help="Effects in all.")
    ],
    duration: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="Such as 90s, 30m, 2h; 8h at most.")
    ],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    rules: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="ID", help="Only this of the hold's rules; repeatable."),
    ] = None,
    key: KeyOption = DEFAULT_KEY,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.", show_default=False)] = False,
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Sign ahead: holds like this one need not ask again, for a while and for some effects.

    It is your approval and no more: where a policy asks for two people, two must grant.

    Exit status: 0 taken, 2 refused or bad usage, 4 could not tell.

    Example: assize approvals grant --like hold-3f2a --path "workspace/data/**" --most 50 --for 2h
    --reason "migration this afternoon"
    """
    seconds = _seconds(duration)
    with approval_client(server, authorities) as client:
        bundle, _status = client.hold(like)
        if bundle.hold.id != like:
            raise InvalidRequest(f"this is {bundle.hold.id!r}, not {like!r}")
        require_honest(bundle.hold)
        wanted = _like(bundle.hold, rules, paths, most_effects, seconds, reason)
        typer.echo(_grant_text(wanted), err=True)
        require_yes("Sign this grant?", yes=yes, otherwise="give --yes")
        record = client.submit_grant(signing.signed(wanted, signing_key(key)))
    _print_grants((record,), output)


@app.command("grants")
def list_grants(
    every: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List grants, and how much of each is used.

    Exit status: 0 listed, 2 bad usage or no access, 4 no answer.

    Example: assize approvals grants --all
    """
    with approval_client(server, authorities) as client:
        found = client.grants(every=every)
    _print_grants(found, output)


@app.command()
def revoke(
    grant_id: Annotated[str, typer.Argument(metavar="GRANT", help="The grant's id.")],
    server: ApprovalsServerOption = "",
    authorities: AuthoritiesOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """End a grant, whoever gave it.

    Exit status: 0 ended, 2 there is none or no access, 4 no answer.

    Example: assize approvals revoke 0f3c
    """
    with approval_client(server, authorities) as client:
        record = client.revoke_grant(grant_id)
    _print_grants((record,), output)


def _like(
    hold: Hold,
    rules: list[str] | None,
    paths: list[str],
    most_effects: int,
    seconds: int,
    reason: str,
) -> Grant:
    now = int(time.time())
    return Grant(
        workspace=hold.workspace,
        policy_digest=hold.policy_digest,
        rules=tuple(sorted(set(rules or (rule.id for rule in hold.rules)))),
        paths=tuple(sorted(set(paths))),
        most_effects=most_effects,
        audience=hold.audience,
        not_before=now - _CLOCK_SECONDS,
        not_after=now + seconds,
        nonce=signing.fresh_nonce(),
        reason=reason,
    )


def _seconds(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= seconds <= signing.MOST_SECONDS:
        text = f"1s to 8h are taken, such as 30m, got {duration!r}"
        raise typer.BadParameter(text, param_hint="--for")
    return seconds


def _grant_text(grant: Grant) -> str:
    return one_line(
        f"lets {counted(grant.most_effects, 'effect')} of {', '.join(grant.rules)} through in "
        f"{grant.workspace}, at {', '.join(grant.paths)}, until {moment(grant.not_after)}, "
        f"under the policy {grant.policy_digest[:12]}: {grant.reason}"
    )


def _print_grants(records: tuple[GrantRecord, ...], output: Format) -> None:
    if output is Format.JSON:
        document = [to_json(record) for record in records]
        sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    for record in records if output is Format.TEXT else ():
        ended = f", revoked by {record.revoked_by}" if record.revoked_at else ""
        used = f"{record.used} of {record.grant.most_effects} used{ended}"
        line = f"{record.id}  by {record.person}, {used}: {_grant_text(record.grant)}"
        sys.stdout.write(f"{one_line(line)}\n")
    sys.stdout.flush()
