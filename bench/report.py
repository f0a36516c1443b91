"""What is printed of measured rounds."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.rounds import PERCENTS, STAGES, Round, Sample
from bench.service import Cpu
from rich.console import Group
from rich.table import Table
from rich.text import Text

EXIT_WRONG = 1
EXIT_COULD_NOT_TELL = 4


@dataclass(frozen=True, slots=True)
class Measured:
    """One round: of which solutions, what came of it, what processor time it took."""

    what: str
    round: Round
    cpu: Cpu


def wrong(measured: Iterable[Measured]) -> list[tuple[Measured, Sample]]:
    """Return the answers that are verdicts, and not the ones that are due."""
    return [
        (each, one) for each in measured for one in each.round.samples if one.told and not one.right
    ]


def untold(measured: Iterable[Measured]) -> list[tuple[Measured, Sample]]:
    """Return the answers that say nothing about the code."""
    return [(each, one) for each in measured for one in each.round.samples if not one.told]


def exit_status(measured: Sequence[Measured]) -> int:
    """Return 0 if every verdict was right, 1 if one was wrong, 4 if one could not be told."""
    if wrong(measured):
        return EXIT_WRONG
    return EXIT_COULD_NOT_TELL if untold(measured) else 0


def figures(measured: Measured) -> dict[str, float]:
    """Return the figures of one round, by name, in the order in which they are shown."""
    done, count = measured.round, len(measured.round.samples)
    rows: dict[str, float] = {
        "verifications": count,
        "right verdicts": sum(sample.right for sample in done.samples),
        "wrong verdicts": len(wrong([measured])),
        "could not tell": len(untold([measured])),
    }
    rows |= {f"p{percent} ms": done.timing.percentile_ms(percent) for percent in PERCENTS}
    rows["per second"] = done.timing.per_second
    rows |= {f"{stage}, median ms": done.stage_ms(stage) for stage in STAGES}
    accounts = {
        "service": measured.cpu.service,
        "children": measured.cpu.children,
        "containers": measured.cpu.containers,
        "machine": measured.cpu.machine,
    }
    return rows | {f"CPU ms each, {name}": spent * 1000 / count for name, spent in accounts.items()}


def as_text(measured: Sequence[Measured]) -> Group:
    """Return a table with one column for each round, and what went wrong below it."""
    table = Table("", title="HumanEval")
    for each in measured:
        table.add_column(f"{each.what}\n{each.round.at_once} at once", justify="right")
    columns = [figures(each) for each in measured]
    for name in columns[0]:
        table.add_row(name, *(shown(column[name]) for column in columns))
    return Group(table, *(Text(line) for line in complaints(measured)))


def shown(value: float) -> str:
    """Return a count as it is, and a measured figure with one decimal."""
    return str(value) if isinstance(value, int) else f"{value:.1f}"


def complaints(measured: Sequence[Measured]) -> list[str]:
    """Return a line for each answer that was not the one due."""
    return [
        f"{kind}: {sample.task.name} ({each.what}, {each.round.at_once} at once): {told(sample)}"
        for kind, found in (("WRONG", wrong(measured)), ("COULD NOT TELL", untold(measured)))
        for each, sample in found
    ]


def told(sample: Sample) -> str:
    """Return what the service said, on one line."""
    if sample.verdict is None:
        return sample.error
    return f"{sample.verdict.status}, {sample.verdict.message}".replace("\n", " ")


def as_json(measured: Sequence[Measured]) -> str:
    """Return the same as one JSON document."""
    rounds = [
        {"what": each.what, "at_once": each.round.at_once, "figures": figures(each)}
        for each in measured
    ]
    return json.dumps({"rounds": rounds, "complaints": complaints(measured)}, indent=2)
