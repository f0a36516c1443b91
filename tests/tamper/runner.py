"""Has the whole corpus judged and prints what each program got: `make tamper`.

    python tests/tamper/runner.py [--engine runc|docker] [--only WORD] [--markdown FILE]

Each program is judged through the real service on each engine, in every way that its task has, and
by plain pytest for comparison. Exit status: 0 if no wrong program passed and every honest one did.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# A script finds the folder that it is in, not the one above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from support.dockerd import docker_url
from tamper.baseline import Names, Plain, run_plain
from tamper.corpus import Program, honest, programs
from tamper.judged import POLICIES, Judged, judge_all, service

from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.images.store import ImageStore
from assize_server.settings import DEFAULT_HOME, EngineChoice

ENGINES: Final = (EngineChoice.RUNC, EngineChoice.DOCKER)
PLAIN_AT_ONCE: Final = 2
RESULTS: Final = "## Results\n"
"""What follows this heading in docs/tamper.md is written by `--markdown`."""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was found out."""

    controls: tuple[Program, ...]
    corpus: tuple[Program, ...]
    judged: dict[EngineChoice, tuple[Judged, ...]]
    plain: dict[str, Plain]

    @property
    def expected(self) -> dict[str, Names]:
        """For each task, the tests that its honest solution passes."""
        return {each.task.name: self.plain[each.name].names for each in self.controls}

    def accepted(self, program: Program) -> tuple[bool, bool]:
        """Return whether plain pytest accepts it, by exit code and by JUnit."""
        plain = self.plain[program.name]
        return plain.by_exit_code, plain.by_junit(self.expected[program.task.name])

    def false_passes(self) -> list[tuple[EngineChoice, Judged]]:
        """Return the wrong programs that the service judged correct."""
        wrong = {program.name for program in self.corpus}
        return [
            (engine, each)
            for engine, answers in self.judged.items()
            for each in answers
            if each.passed and each.program.name in wrong
        ]

    def false_failures(self) -> list[tuple[EngineChoice, Judged]]:
        """Return the honest solutions that the service did not judge correct."""
        right = {program.name for program in self.controls}
        return [
            (engine, each)
            for engine, answers in self.judged.items()
            for each in answers
            if not each.passed and each.program.name in right
        ]


def main() -> int:
    """Run the corpus and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description="Judge the tamper corpus.")
    parser.add_argument("--engine", type=EngineChoice, choices=ENGINES, help="one engine only")
    parser.add_argument("--only", default="", help="programs whose name holds this word")
    parser.add_argument(
        "--markdown", type=Path, help="also put them under the last heading of this file"
    )
    chosen = parser.parse_args()
    home = Path(os.environ.get("ASSIZE_HOME") or DEFAULT_HOME)
    ImageStore(home).build(told)
    corpus = tuple(each for each in programs() if chosen.only in each.name)
    engines = (chosen.engine,) if chosen.engine else ENGINES
    results = asyncio.run(everything(corpus, engines, home))
    print("\n".join(plain_table(results)))
    print("\n".join(summary(results)))
    if chosen.markdown:
        before, _, _ = chosen.markdown.read_text().partition(RESULTS)
        chosen.markdown.write_text("\n".join([before + RESULTS, *document(results), ""]))
    return 1 if results.false_passes() or results.false_failures() else 0


async def everything(
    corpus: tuple[Program, ...], engines: Sequence[EngineChoice], home: Path
) -> Results:
    """Run all of it, one engine after the other."""
    controls = honest()
    everyone = (*controls, *corpus)
    judged = {}
    for engine in engines:
        with docker_url(home) as url, service(engine, home, url) as address:
            judged[engine] = await judge_all(address, everyone, tick)
    told("\nplain pytest")
    return Results(controls, corpus, judged, await run_all_plain(everyone, home))


async def run_all_plain(everyone: Iterable[Program], home: Path) -> dict[str, Plain]:
    """Run plain pytest on every program, in containers of runc's."""
    image = ImageStore(home).current()
    engine = RuncEngine(image, home=home, seccomp=POLICIES / "seccomp.json")
    await engine.start()
    room = asyncio.Semaphore(PLAIN_AT_ONCE)
    found: dict[str, Plain] = {}

    async def one(program: Program) -> None:
        async with room:
            found[program.name] = await run_plain(engine, program)
        tick(program)

    try:
        async with asyncio.TaskGroup() as group:
            for program in everyone:
                group.create_task(one(program))
    finally:
        await engine.close()
    return found


def rows(results: Results) -> list[tuple[str, ...]]:
    """Return the table: each program, what the service said of it, what plain pytest would."""
    table = []
    for program in (*results.corpus, *results.controls):
        by_exit, by_junit = results.accepted(program)
        cells = [answers_of(program, results.judged[engine]) for engine in sorted(results.judged)]
        yes = ("accepts" if by_exit else "-", "accepts" if by_junit else "-")
        table.append((program.kind or "honest", program.name, program.task.name, *cells, *yes))
    return table


def answers_of(program: Program, judged: Iterable[Judged]) -> str:
    """Return what one engine's service said of a program, all ways together."""
    mine = [each for each in judged if each.program.name == program.name]
    return ", ".join(f"{each.way}: {each.shown()}" for each in mine)


def header(results: Results) -> tuple[str, ...]:
    """Return the names of the columns."""
    engines = (f"Assize on {engine}" for engine in sorted(results.judged))
    return ("class", "program", "task", *engines, "pytest, exit code", "pytest, JUnit")


def plain_table(results: Results) -> list[str]:
    """Return the table for a terminal."""
    table = [header(results), *rows(results)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def summary(results: Results) -> list[str]:
    """Return the sums, and every answer that was wrong."""
    accepted = [results.accepted(program) for program in results.corpus]
    lines = [
        "",
        f"wrong programs: {len(results.corpus)}; honest ones: {len(results.controls)}",
        f"false passes of plain pytest by exit code: {sum(first for first, _ in accepted)}",
        f"false passes of plain pytest by strict JUnit: {sum(second for _, second in accepted)}",
    ]
    for engine, answers in sorted(results.judged.items()):
        wrong = sum(each == engine for each, _ in results.false_passes())
        right = sum(each == engine for each, _ in results.false_failures())
        untold = sum(not each.could_tell for each in answers)
        asked = sum(each.program.kind != "" for each in answers)
        lines.append(
            f"false passes of Assize on {engine}: {wrong} of {asked} answers; "
            f"honest ones not passed: {right}; could not tell: {untold}"
        )
    for engine, each in (*results.false_passes(), *results.false_failures()):
        detail = each.verdict.message if each.verdict else "refused"
        lines.append(f"WRONG on {engine}: {each.program.name}, {each.way}: {detail}")
    return lines


def document(results: Results) -> list[str]:
    """Return summary and table as Markdown."""
    classes = Counter(program.kind for program in results.corpus)
    named = ", ".join(f"{kind} {count}" for kind, count in sorted(classes.items(), key=by_number))
    head, *body = (f"| {' | '.join(row)} |" for row in (header(results), *rows(results)))
    line = "|" + "---|" * len(header(results))
    sums = [f"- {line}" for line in (*summary(results), f"programs of each class: {named}") if line]
    return [*sums, "", head, line, *body]


def by_number(item: tuple[str, int]) -> tuple[str, int]:
    """Order classes: A2 comes before A10."""
    return item[0][0], int(item[0][1:])


def tick(_: object) -> None:
    """Show that something happens."""
    print(".", end="", file=sys.stderr, flush=True)


def told(text: str) -> None:
    """Say what happens, on standard error."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
