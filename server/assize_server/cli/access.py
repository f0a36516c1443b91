"""`assize access`: tokens for the credentials file."""

from pathlib import Path
from typing import Annotated

import typer

from assize_server.access.credentials import (
    NAME,
    AccessFileError,
    digest_of,
    load_credentials,
    new_token,
)

EXIT_USAGE = 2

app = typer.Typer(
    help="Make tokens, and check the credentials file.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def token(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Who it is for: letters, digits and _.@-.")
    ],
) -> None:
    """Make a token: print it once, and the line that goes into the credentials file.

    The token goes to standard output, the line to standard error. Nothing is written anywhere.

    Example: assize access token ci > ci.token
    """
    if not NAME.fullmatch(name):
        typer.echo(
            "error: a name has at most 64 letters, digits and _.@-, and begins with a letter or "
            f"digit, got {name!r}",
            err=True,
        )
        raise typer.Exit(EXIT_USAGE)
    made = new_token()
    typer.echo(made)
    line = f'  - {{name: {name}, token_sha256: "{digest_of(made)}"}}'
    typer.echo(
        f"below submitters, approvers or auditors of the credentials file:\n{line}", err=True
    )


@app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The credentials file.")],
) -> None:
    """Read a credentials file and list who may call. Exit status 2: it is wrong.

    Example: assize access check access.yaml
    """
    try:
        callers = load_credentials(path).callers()
    except AccessFileError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from error
    for caller in callers:
        typer.echo(f"{caller.role.value:10} {caller.name}")
