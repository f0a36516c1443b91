"""The variables of the service, for commands that only need to know where things are."""

import typer

from assize_server.settings import Settings, from_environment

EXIT_USAGE = 2


def settings_here() -> Settings:
    """Return the settings that the variables ASSIZE_* give.

    Raises:
        Exit: One of them makes no sense, which has been told.
    """
    try:
        return from_environment()
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from error
