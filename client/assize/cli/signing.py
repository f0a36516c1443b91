"""What signs at a terminal: the key, its passphrase, the question, and the end."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assize.approvals.keys import read_private
from assize.cli.exit_codes import ExitStatus
from assize.cli.terminal import one_line
from assize.errors import InvalidRequest
from assize.model.approvals import HoldState

PASSPHRASE_VARIABLE: Final = "ASSIZE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
DEFAULT_KEY: Final = Path("~/.config/assize/approver.key")

KeyOption = Annotated[
    Path,
    typer.Option(
        "--key",
        envvar="ASSIZE_KEY",
        metavar="FILE",
        help="Your private key. Its passphrase is asked for, or ASSIZE_KEY_PASSPHRASE.",
    ),
]


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file; its passphrase comes from the environment or is asked for.

    Raises:
        AssizeError: It cannot be used.
    """
    return read_private(path.expanduser(), passphrase(f"Passphrase of {path}"))


def passphrase(question: str, *, confirmed: bool = False) -> str:
    """Return a passphrase.

    Raises:
        BadParameter: The environment has none, and there is no terminal to ask on.
    """
    found = os.environ.get(PASSPHRASE_VARIABLE)
    if found is not None:
        return found
    _require_terminal(f"set {PASSPHRASE_VARIABLE}")
    return str(
        typer.prompt(one_line(question), hide_input=True, confirmation_prompt=confirmed, err=True)
    )


def require_yes(question: str, *, yes: bool, otherwise: str) -> None:
    """Ask, and leave unless the answer is yes.

    Raises:
        BadParameter: There is no terminal to ask on.
        Exit: The answer is another one.
    """
    if yes:
        return
    _require_terminal(otherwise)
    if not typer.confirm(one_line(question), default=False, err=True):
        typer.echo("nothing was signed", err=True)
        raise typer.Exit(ExitStatus.USAGE)


def written_aside(path: Path, data: bytes) -> None:
    """Write what only this user may read to a file that is not there yet.

    Raises:
        InvalidRequest: It is there, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        text = f"{path} is there already, and is not overwritten: name another"
        raise InvalidRequest(text) from error
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror or error}") from error


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """Read a file that is not larger than it may be.

    Raises:
        InvalidRequest: It is, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror or error}") from error
    if len(data) > most_bytes:
        raise InvalidRequest(f"{path}: larger than {most_bytes} bytes")
    return data


def exit_status(state: HoldState) -> ExitStatus:
    """Return what a script is told of a decision that was taken."""
    match state:
        case HoldState.COMMITTED | HoldState.DENIED:
            return ExitStatus.PASSED
        case HoldState.PENDING:
            return ExitStatus.HELD
        case HoldState.CONFLICT | HoldState.FAILED | HoldState.EXPIRED:
            return ExitStatus.FAILED
        case HoldState.APPROVED:
            return ExitStatus.UNKNOWN


def _require_terminal(otherwise: str) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"there is no terminal to ask on; {otherwise}")
