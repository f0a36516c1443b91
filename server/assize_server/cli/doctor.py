"""`assize doctor`: what works here, what does not, and what mends it."""

import asyncio
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assize.cli.progress import Progress
from assize_sandbox.docker_presence import daemon_answers
from assize_sandbox.errors import SandboxError
from assize_sandbox.images.store import ImageStore
from assize_server.cli.doctor_state import kept
from assize_server.cli.examined import Examined
from assize_server.policies.load import PolicyError, load_directory
from assize_server.service import HOST_RESERVE_BYTES, default_shape, examine
from assize_server.settings import EngineChoice, Settings, from_environment

EXIT_FAILED = 1


class Format(StrEnum):
    """How the findings are printed."""

    TEXT = "text"
    JSON = "json"


def command(
    engine: Annotated[
        EngineChoice | None, typer.Option(help="Examine this engine, not the one auto takes.")
    ] = None,
    output: Annotated[
        Format, typer.Option("-o", "--output", help="text for people, json for scripts.")
    ] = Format.TEXT,
) -> None:
    """Check what Assize needs on this host and try every barrier of the sandbox for real.

    Exit status 0: all that is needed holds. 1: something does not; each line says what mends it.

    Example: assize doctor --engine runc
    """
    try:
        base = from_environment()
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    settings = base if engine is None else replace(base, engine=engine)
    with Progress("trying the barriers", wanted=True):
        examined = [
            *host(settings),
            *policies(settings),
            *image(settings),
            *barriers(settings),
            *kept(settings),
        ]
    if output is Format.JSON:
        typer.echo(json.dumps([asdict(item) for item in examined], indent=2))
    else:
        _print(examined)
    if any(not item.passed and not item.informational for item in examined):
        raise typer.Exit(EXIT_FAILED)


def host(settings: Settings) -> Iterator[Examined]:
    """Look at the machine and at this process."""
    yield Examined(
        "python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11"
    )
    yield Examined("linux", sys.platform == "linux", platform.release(), "use a Linux host")
    memory = psutil.virtual_memory()
    needed = HOST_RESERVE_BYTES + 512 * 1024 * 1024
    yield Examined(
        "memory",
        memory.available > needed,
        f"{memory.available >> 20} MiB of {memory.total >> 20} MiB available, "
        f"{psutil.Process().memory_info().rss >> 20} MiB used by this process",
        "free memory, or lower memory_mb in the policy",
    )
    answers = daemon_answers(settings.docker_url)
    yield Examined(
        "docker daemon",
        answers,
        "answers" if answers else "does not answer",
        "start it, or use the runc engine",
        informational=True,
    )
    yield Examined(
        "root",
        os.geteuid() == 0,
        f"uid {os.geteuid()}",
        "run as root for the runc engine, or use the docker engine",
        informational=True,
    )


def policies(settings: Settings) -> Iterator[Examined]:
    """Load the policy files."""
    folder = settings.policy_folder()
    try:
        loaded = load_directory(folder)
    except PolicyError as error:
        yield Examined("policies", passed=False, evidence=str(error), remedy="mend the file")
    else:
        shape = default_shape(loaded)
        memory = f"{shape.memory_bytes >> 20} MiB a run by default"
        yield Examined("policies", passed=True, evidence=f"{', '.join(loaded.names())}; {memory}")


def image(settings: Settings) -> Iterator[Examined]:
    """Look for the sandbox image."""
    try:
        found = ImageStore(settings.home).current()
    except SandboxError as error:
        yield Examined("image", passed=False, evidence=str(error), remedy=error.remedy)
    else:
        yield Examined("image", passed=True, evidence=f"{found.digest[:12]} from {found.source}")


def barriers(settings: Settings) -> Iterator[Examined]:
    """Start the engine and try its barriers."""
    try:
        facts, results = asyncio.run(examine(settings))
    except SandboxError as error:
        yield Examined("engine", passed=False, evidence=str(error), remedy=error.remedy)
        return
    yield Examined("engine", passed=True, evidence=f"{facts.engine}, {facts.runtime}")
    yield Examined("cgroups", passed=True, evidence=facts.cgroup)
    for result in results:
        yield Examined(
            f"barrier: {result.name}",
            result.held,
            result.evidence,
            result.remedy,
            informational=not result.required,
        )


def _print(examined: list[Examined]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "seen", "to mend it"):
        table.add_column(heading, overflow="fold")
    for item in examined:
        mark = "PASS" if item.passed else ("note" if item.informational else "FAIL")
        style = {"PASS": "green", "FAIL": "bold red", "note": "yellow"}[mark]
        remedy = "" if item.passed else item.remedy
        # Square brackets of a path are no mark-up.
        table.add_row(f"[{style}]{mark}[/]", item.name, escape(item.evidence), escape(remedy))
    Console().print(table)
