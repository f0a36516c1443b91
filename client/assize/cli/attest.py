"""`assize attest`: signed statements about verdicts."""

import json
import sys
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import typer

from assize.attest import (
    ENVELOPE_MOST_BYTES,
    SPEC,
    Attestation,
    AttestationRefused,
    file_digest,
    spec_digest,
    verify,
)
from assize.audit.client import ServiceKey
from assize.cli.audit import KeyOption
from assize.cli.connection import AuthoritiesOption, TlsOption, TokenFileOption, audit_client
from assize.cli.exit_codes import ExitStatus
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption
from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.errors import InvalidRequest, MalformedAnswer
from assize.model.verdict import Status
from assize.public_keys import PublicKey, UnusableKey, read_key_file, read_pem
from assize.spec_file import load_spec

FORMAT: Final = "assize.attestation.v1"

app = typer.Typer(
    help="Signed statements about verdicts.", no_args_is_help=True, add_completion=False
)


@app.command()
def get(
    verification_id: Annotated[
        str, typer.Argument(metavar="ID", help="The verdict's id, as `assize verify` prints it.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write it; else standard output."),
    ] = None,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    tls_ca: AuthoritiesOption = None,
    tls: TlsOption = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
) -> None:
    """Fetch the statement about a verification: a DSSE envelope.

    Example: assize attest get 0f8e7d6c5b4a39281706f5e4d3c2b1a0 --out verdict.dsse.json
    """
    with audit_client(server, token_file, tls_ca, timeout_seconds, tls=tls) as client:
        envelope = client.attestation(verification_id)
    if out is None:
        sys.stdout.write(f"{one_line(envelope.decode('ascii', 'backslashreplace'))}\n")
        sys.stdout.flush()
        return
    try:
        out.write_bytes(envelope)
    except OSError as error:
        raise InvalidRequest(f"{out}: {error.strerror or error}") from error


@app.command("verify")
def verify_file(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The envelope.")
    ],
    key: KeyOption,
    source: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="A source file that it must be about; repeatable.",
        ),
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="The spec that it must be about.",
        ),
    ] = None,
    passed: Annotated[
        bool, typer.Option("--passed", help="It must say PASSED.", show_default=False)
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Check who signed a statement and what it is about, without a service.

    Exit status: 0 it holds (whatever the verdict says, unless --passed), 1 it does not, 2 bad
    usage.

    Example: assize attest verify verdict.dsse.json --key service.pub --source solution.py --passed
    """
    keys = [each for one in key for each in read_key_file(one)]
    try:
        found = verify(_content(path), keys)
        for each in source or ():
            _check_source(found, each)
        _check_rest(found, spec, passed=passed)
    except AttestationRefused as error:
        typer.echo(f"REFUSED: {one_line(str(error))}", err=True)
        raise typer.Exit(ExitStatus.FAILED) from error
    _print(found, output)


@app.command("key")
def print_keys(
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    tls_ca: AuthoritiesOption = None,
    tls: TlsOption = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
) -> None:
    """Print the service's public keys as PEM, the one that signs first.

    Compare their ids with what the operator told you by another way before you pin them: they are
    computed here, from the keys that are printed. Exit status: 0 printed, 4 could not tell.

    Example: assize attest key > service.pub
    """
    with audit_client(server, token_file, tls_ca, timeout_seconds, tls=tls) as client:
        keys = client.service_keys()
    told = [(_told_key(each), each.until_ms is None) for each in keys]
    for key, signs in told:
        typer.echo(f"{key.id}  {'signs now' if signs else 'retired'}", err=True)
        sys.stdout.write(key.pem())
    sys.stdout.flush()


def _told_key(told: ServiceKey) -> PublicKey:
    """Return the key that a service tells.

    SECURITY: people compare ids and pin what stands below them. So both come from one key that was
    read, and not from what the service wrote.

    Raises:
        MalformedAnswer: It is not one key, or goes by the id of another.
    """
    try:
        (key,) = read_pem(told.pem, "the service's key")
    except ValueError as error:
        raise MalformedAnswer("the service tells several keys as one") from error
    except UnusableKey as error:
        raise MalformedAnswer(str(error)) from error
    if key.id != told.id:
        raise MalformedAnswer(f"the service calls the key {key.id} by the id {told.id!r:.80}")
    return key


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(ENVELOPE_MOST_BYTES + 1)
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror or error}") from error


def _check_source(found: Attestation, path: Path) -> None:
    """Find a source file of this name with this content."""
    try:
        digest = file_digest(path.read_bytes())
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror or error}") from error
    named = _called(found, path)
    if not named:
        raise AttestationRefused(f"it is about no file called {path.name}")
    if any(each != digest for each in named):
        raise AttestationRefused(f"{path} is not the {path.name} that was judged")


def _called(found: Attestation, path: Path) -> list[str]:
    """Return the digests of the judged files that the path may mean.

    Those whose whole path it ends with; without any, all of its name. SECURITY: every one of them
    has to be the file, or a copy in another folder would vouch for one that was swapped.
    """
    given = path.resolve().as_posix()
    sources = found.sources()
    whole = [digest for name, digest in sources.items() if given.endswith(f"/{name}")]
    return whole or [
        digest for name, digest in sources.items() if PurePosixPath(name).name == path.name
    ]


def _check_rest(found: Attestation, spec: Path | None, *, passed: bool) -> None:
    if spec is not None and found.subjects.get(SPEC) != spec_digest(load_spec(spec)):
        raise AttestationRefused(f"it is about another spec than {spec}")
    if passed and found.status != Status.PASSED:
        raise AttestationRefused(f"the verdict is {found.status}")


def _print(found: Attestation, output: Format) -> None:
    if output is Format.JSON:
        document = {
            "format": FORMAT,
            "subjects": dict(found.subjects),
            "predicate": dict(found.predicate),
        }
        sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    else:
        reason = str(found.predicate.get("reason") or "")
        status = f"{found.status}: {reason}" if reason not in ("", found.status) else found.status
        sys.stdout.write(f"SIGNED: {one_line(status)}\n")
        sys.stdout.write(f"verification: {one_line(found.verification_id)}\n")
        for name, digest in found.subjects.items():
            sys.stdout.write(f"  {one_line(digest)}  {one_line(name)}\n")
    sys.stdout.flush()
