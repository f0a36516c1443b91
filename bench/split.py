"""What the split costs: the same tests split, shared, and as a script; see bench/README.md.

    python bench/split.py --data HumanEval.jsonl [--problems 40] [--engine runc|docker]

Both kinds run the problem's own tests under pytest, on canonical solutions, one at a time. A shared
check runs its suite twice (docs/shared-tests.md); what is compared is what a caller waits.
Exit status: 0 if every verdict was a pass, 1 if one was not, 2 if the service could not be started.
"""

import asyncio
import json
import statistics
import sys
from pathlib import Path
from typing import Annotated

import typer

# A script finds the folder that it is in, not the one above, which the package `bench` is in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.options import Data, Engine, EngineName, Format, Output, Server, options
from bench.problems import Judging, Problem, canonical, load, spec
from bench.progress import bar
from bench.rounds import Sample, Task, verify_all
from bench.service import CannotStart, target

from assize import AsyncClient, Status

POLICY = "evaluation"
KINDS = (Judging.SPLIT, Judging.SHARED, Judging.SCRIPT)


def main(
    data: Data,
    server: Server = None,
    engine: Engine = EngineName.AUTO,
    problems: Annotated[int, typer.Option(min=1, help="How many of the suite's problems.")] = 40,
    output: Output = Format.TEXT,
) -> None:
    """Judge the same problems in each way, in turns, and print the ratios."""
    try:
        samples = asyncio.run(measure(load(data)[:problems], server, options(engine, None)))
    except CannotStart as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    medians = {kind.value: median_ms(samples[kind]) for kind in KINDS}
    ratios = {kind: value / medians[Judging.SHARED.value] for kind, value in medians.items()}
    if output is Format.JSON:
        typer.echo(json.dumps({"p50_ms": medians, "to_shared": ratios}))
    else:
        for kind, value in medians.items():
            typer.echo(f"{kind:<8} {value:8.1f} ms p50   {ratios[kind]:.2f} times shared")
    wrong = [each for kind in KINDS for each in samples[kind] if not each.right]
    for each in wrong:
        typer.echo(f"WRONG: {each.task.name}", err=True)
    raise typer.Exit(1 if wrong else 0)


async def measure(
    suite: tuple[Problem, ...], server: str | None, started_with: tuple[str, ...]
) -> dict[Judging, list[Sample]]:
    """Return the samples of each kind, taken in turns so that a slow minute slows all of them."""
    samples: dict[Judging, list[Sample]] = {kind: [] for kind in KINDS}
    async with target(server, started_with) as asked, AsyncClient(asked.address) as client:
        with bar("in turns", len(suite)) as tick:
            for problem in suite:
                for kind in KINDS:
                    right = Task(
                        problem.name, canonical(problem), spec(problem, kind), Status.PASSED
                    )
                    done = await verify_all(client, [right], POLICY, 1)
                    samples[kind].extend(done.samples)
                tick()
    return samples


def median_ms(samples: list[Sample]) -> float:
    """Return the median of what the client waited, in milliseconds."""
    return 1000 * statistics.median(each.seconds for each in samples)


if __name__ == "__main__":
    typer.run(main)
