"""Options that the benchmarks share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class EngineName(StrEnum):
    """What `assize serve --engine` takes."""

    AUTO = "auto"
    RUNC = "runc"
    DOCKER = "docker"


class Format(StrEnum):
    """How the figures are printed."""

    TEXT = "text"
    JSON = "json"


Data = Annotated[
    Path, typer.Option(help="HumanEval.jsonl; it is read and nothing else.", dir_okay=False)
]
Server = Annotated[
    str | None, typer.Option(help="A service that runs already; without it one is started.")
]
Engine = Annotated[EngineName, typer.Option(help="Engine of the service that is started.")]
Output = Annotated[Format, typer.Option("-o", "--output", help="A table, or one JSON document.")]


def options(engine: EngineName, pool_size: int | None) -> tuple[str, ...]:
    """Return the options of the `assize serve` that is started."""
    size = () if pool_size is None else ("--pool-size", str(pool_size))
    return ("--engine", engine.value, *size)
