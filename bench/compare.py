"""Measures the service beside bare `python3` on the same programs, in the same run.

    python bench/compare.py --data HumanEval.jsonl [--server ADDR] [--engine runc|docker]

Bare means: a new interpreter for each program, nothing analysed, nothing isolated, and a verdict
that the program can forge. It is what isolation and analysis are paid on top of. Rounds of the two
take turns, so that a machine that slows down slows both; only the ratios travel between machines.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

# A script finds the folder that it is in, not the one above, which the package `bench` is in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.options import Data, Engine, EngineName, Format, Output, Server, options
from bench.problems import SCRIPT, Judging, Problem, canonical, load, script, spec
from bench.progress import bar
from bench.rounds import Task, Timing, each, verify_all
from bench.service import CannotStart, target

from assize import AsyncClient, Status

WARM_UP = 4
"""Verifications before the first round, not counted."""


class BareFailed(Exception):
    """A canonical solution failed in a bare interpreter: there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The same programs, so many at once, bare and through the service."""

    bare: Timing
    served: Timing

    def figures(self) -> dict[str, tuple[float, float, float]]:
        """Return (bare, service, service / bare) by what is measured."""
        measured = {
            "p50 ms": (self.bare.percentile_ms(50), self.served.percentile_ms(50)),
            "p95 ms": (self.bare.percentile_ms(95), self.served.percentile_ms(95)),
            "per second": (self.bare.per_second, self.served.per_second),
        }
        return {name: (bare, served, served / bare) for name, (bare, served) in measured.items()}


def main(
    data: Data,
    server: Server = None,
    engine: Engine = EngineName.AUTO,
    concurrency: Annotated[int, typer.Option(min=1, help="At once in the last round.")] = 8,
    policy: Annotated[str, typer.Option(help="Policy to judge by.")] = "evaluation",
    python: Annotated[str, typer.Option(help="The bare interpreter.")] = "/usr/bin/python3",
    output: Output = Format.TEXT,
) -> None:
    """Run every canonical solution bare and through the service, and print the ratios."""
    levels = sorted({1, 2, concurrency})
    try:
        pairs = asyncio.run(
            measure(load(data), server, options(engine, None), policy, python, levels)
        )
    except (CannotStart, BareFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if output is Format.JSON:
        typer.echo(as_json(pairs))
    else:
        Console().print(as_text(pairs))


async def measure(
    suite: tuple[Problem, ...],
    server: str | None,
    started_with: tuple[str, ...],
    policy: str,
    python: str,
    levels: list[int],
) -> tuple[Pair, ...]:
    """Return a bare round and a round of the service for each level."""
    tasks = [
        Task(each.name, canonical(each), spec(each, Judging.SCRIPT), Status.PASSED)
        for each in suite
    ]
    pairs = []
    async with target(server, started_with) as asked, AsyncClient(asked.address) as client:
        await verify_all(client, tasks[:WARM_UP], policy, at_once=2)
        for at_once in levels:
            bare = await run_bare(suite, python, at_once)
            with bar(f"service, {at_once} at once", len(tasks)) as tick:
                served = await verify_all(client, tasks, policy, at_once, tick)
            pairs.append(Pair(bare, served.timing))
    return tuple(pairs)


async def run_bare(suite: Sequence[Problem], python: str, at_once: int) -> Timing:
    """Run each canonical solution with its tests in a new interpreter.

    Raises:
        BareFailed: One did not exit with 0.
    """
    with (
        tempfile.TemporaryDirectory(prefix="assize-bench-") as folder,
        bar(f"bare, {at_once} at once", len(suite)) as tick,
    ):
        homes = [laid_out(problem, Path(folder)) for problem in suite]

        async def run(home: Path) -> float:
            seconds = await asyncio.to_thread(run_one, python, home)
            tick()
            return seconds

        started = time.monotonic()
        latencies = await each(run, homes, at_once)
        return Timing(at_once, time.monotonic() - started, latencies)


def laid_out(problem: Problem, folder: Path) -> Path:
    """Write the files of a problem into a folder of their own."""
    home = folder / problem.name.replace("/", "-")
    home.mkdir()
    (home / "solution.py").write_text(problem.solution)
    (home / SCRIPT).write_text(script(problem))
    return home


def run_one(python: str, home: Path) -> float:
    """Run one program and return the seconds that it took.

    Raises:
        BareFailed: It did not exit with 0.
    """
    started = time.monotonic()
    done = subprocess.run((python, "-B", SCRIPT), cwd=home, check=False, capture_output=True)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise BareFailed(f"{home.name} failed bare: {done.stderr.decode(errors='replace')[-500:]}")
    return seconds


def as_text(pairs: Sequence[Pair]) -> Table:
    """Return a table of both and their ratio."""
    table = Table("at once", "", title="HumanEval, canonical solutions")
    for title in ("bare python3", "service", "service / bare"):
        table.add_column(title, justify="right")
    for pair in pairs:
        for name, (bare, served, ratio) in pair.figures().items():
            row = (f"{bare:.1f}", f"{served:.1f}", f"{ratio:.2f}")
            table.add_row(str(pair.bare.at_once), name, *row)
        table.add_section()
    return table


def as_json(pairs: Sequence[Pair]) -> str:
    """Return the same as one JSON document."""
    rows = [
        {
            "at_once": pair.bare.at_once,
            "what": name,
            "bare": bare,
            "service": served,
            "ratio": ratio,
        }
        for pair in pairs
        for name, (bare, served, ratio) in pair.figures().items()
    ]
    return json.dumps(rows, indent=2)


if __name__ == "__main__":
    typer.run(main)
