"""`assize image`: build the sandbox image of this host, and list those that were built."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assize_sandbox.errors import SandboxError
from assize_sandbox.images.sources import AUTO
from assize_sandbox.images.store import Image, ImageStore
from assize_server.cli.environment import settings_here

EXIT_CANNOT_BUILD = 4
DIGEST_CHARACTERS = 12

app = typer.Typer(help="Build and list sandbox images.", no_args_is_help=True, add_completion=False)


class Format(StrEnum):
    """How images are printed."""

    TEXT = "text"
    JSON = "json"


@app.command()
def build(
    source: Annotated[
        str,
        typer.Option(
            help="auto, docker:NAME or mmdebstrap. auto takes a local Docker image with this "
            "Python where there is one, else Debian's packages."
        ),
    ] = AUTO,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh", help="Make the base anew, with Debian's latest fixes, not the kept one."
        ),
    ] = False,
) -> None:
    """Build the image for this version of Assize and use it from now on. Needs root.

    Half a minute the first time, some seconds after that. Exit status 4: it cannot be built here.

    Example: assize image build --source docker:python:3.11-slim
    """
    try:
        with _progress() as progress:
            image = ImageStore(settings_here().home).build(progress, source, refresh=refresh)
    except (SandboxError, OSError) as error:
        typer.echo(f"cannot build the image: {error}", err=True)
        if remedy := getattr(error, "remedy", ""):
            typer.echo(f"to mend it: {remedy}", err=True)
        raise typer.Exit(EXIT_CANNOT_BUILD) from error
    typer.echo(image.digest)


@app.command("list")
def list_images(
    output: Annotated[
        Format, typer.Option("-o", "--output", help="text for people, json for scripts.")
    ] = Format.TEXT,
) -> None:
    """List the images on this host, the newest first; `*` marks the one in use.

    Example: assize image list -o json
    """
    store = ImageStore(settings_here().home)
    images, used = store.list(), _used(store)
    if output is Format.JSON:
        typer.echo(json.dumps([_record(image, used) for image in images], indent=2))
    else:
        Console().print(_table(images, used))


def _used(store: ImageStore) -> str | None:
    """Return the digest of the image that the service would take, if one fits it."""
    try:
        return store.current().digest
    except SandboxError:
        return None


def _record(image: Image, used: str | None) -> dict[str, object]:
    facts = {"rootfs": str(image.rootfs), "created": image.created.isoformat()}
    return {**asdict(image), **facts, "current": image.digest == used}


def _table(images: tuple[Image, ...], used: str | None) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "digest", "python", "source", "created"):
        table.add_column(heading, overflow="fold")
    for image in images:
        table.add_row(
            "*" if image.digest == used else "",
            image.digest[:DIGEST_CHARACTERS],
            image.python,
            escape(image.source),
            f"{image.created:%Y-%m-%d %H:%M} UTC",
        )
    return table


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give something to tell steps to: a spinner on a terminal, else a line each, on stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: typer.echo(step, err=True)
        return
    with console.status("building the sandbox image") as status:
        yield lambda step: status.update(escape(step))
