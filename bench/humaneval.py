"""Has all 164 HumanEval problems judged by a real service over gRPC; see bench/README.md.

    python bench/humaneval.py --data HumanEval.jsonl [--server ADDR] [--engine runc|docker]

For each problem the canonical solution must pass, and one that is wrong by construction must fail.
Exit status: 0 if every verdict was right, 1 if one was wrong, 4 if none was wrong but the service
could not tell in every case.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

# A script finds the folder that it is in, not the one above, which the package `bench` is in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.options import Data, Engine, EngineName, Format, Output, Server, options
from bench.problems import Judging, Problem, broken, canonical, load, spec
from bench.progress import bar
from bench.report import Measured, as_json, as_text, exit_status
from bench.rounds import Task, verify_all
from bench.service import CannotStart, Target, target

from assize import AsyncClient, Status

WARM_UP = 4
"""Verifications before the first round, not counted: what starts late has started by then."""


def main(
    data: Data,
    server: Server = None,
    engine: Engine = EngineName.AUTO,
    concurrency: Annotated[int, typer.Option(min=1, help="At once in the last round.")] = 8,
    policy: Annotated[str, typer.Option(help="Policy to judge by.")] = "evaluation",
    judging: Annotated[Judging, typer.Option(help="How the tests are run.")] = Judging.SCRIPT,
    pool_size: Annotated[
        int | None, typer.Option(min=0, help="Containers that a started service keeps ready.")
    ] = None,
    output: Output = Format.TEXT,
) -> None:
    """Have every problem judged and print what came of it.

    Exit status 1: a verdict was wrong; 4: none was wrong, but not every one could be told.
    """
    suite = load(data)
    levels = sorted({1, 2, concurrency})
    try:
        measured = asyncio.run(
            measure(suite, server, options(engine, pool_size), policy, judging, levels)
        )
    except CannotStart as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if output is Format.JSON:
        typer.echo(as_json(measured))
    else:
        Console().print(as_text(measured))
    raise typer.Exit(exit_status(measured))


async def measure(
    suite: tuple[Problem, ...],
    server: str | None,
    started_with: tuple[str, ...],
    policy: str,
    judging: Judging,
    levels: list[int],
) -> tuple[Measured, ...]:
    """Return one round of canonical solutions for each level, and one of broken ones."""
    right = [Task(each.name, canonical(each), spec(each, judging), Status.PASSED) for each in suite]
    wrong = [Task(each.name, broken(each), spec(each, judging), Status.FAILED) for each in suite]
    async with target(server, started_with) as asked, AsyncClient(asked.address) as client:
        await verify_all(client, right[:WARM_UP], policy, at_once=2)
        rounds = [await timed(asked, client, "canonical", right, policy, each) for each in levels]
        return (*rounds, await timed(asked, client, "broken", wrong, policy, levels[-1]))


async def timed(
    asked: Target, client: AsyncClient, what: str, tasks: list[Task], policy: str, at_once: int
) -> Measured:
    """Return one round and the processor time that it took, with a bar on a terminal."""
    with bar(f"{what}, {at_once} at once", len(tasks)) as tick:
        before = asked.cpu()
        done = await verify_all(client, tasks, policy, at_once, tick)
        return Measured(what, done, asked.cpu() - before)


if __name__ == "__main__":
    typer.run(main)
