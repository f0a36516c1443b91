"""What the audit log costs: an entry in its own transaction, and a whole log verified.

    python bench/audit.py --entries 10000

Each append is a transaction of its own with an fsync (`synchronous=FULL`), as the service does it.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

# A script finds the folder that it is in, not the one above, which the package `bench` is in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.options import Format, Output

from assize.audit.entries import Entry, EntryKind, encode
from assize.audit.verification import Remembered, verify
from assize.merkle import leaf_hash, verify_inclusion
from assize.model.callers import SERVICE
from assize_server.attestation.keys import open_keys
from assize_server.audit import log
from assize_server.audit.signing import sign_head
from assize_server.store.database import Database

SINGLE = 300
"""Entries that are timed, each in a transaction of its own."""


def main(
    count: Annotated[int, typer.Option("--entries", min=1000)] = 10_000,
    folder: Annotated[Path | None, typer.Option(help="On the disk to measure.")] = None,
    output: Output = Format.TEXT,
) -> None:
    """Measure appends, proofs and a verification."""
    with tempfile.TemporaryDirectory(dir=folder) as state:
        figures = _measured(Path(state), count)
    if output is Format.JSON:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:40} {value:10.3f}")


def _measured(state: Path, count: int) -> dict[str, float]:
    keys = open_keys(state, lambda: 0)
    database = Database(state / "assize.db")
    database.open_now()
    write, last = database.write_now, count - SINGLE
    try:
        write(lambda each: each.exec_driver_sql("CREATE TABLE bench (number INTEGER, data BLOB)"))
        write(lambda each: [log.append(each, _entry(number)) for number in range(last)])
        # In turns, so that both meet the same neighbours on the disk.
        bare, appends = _times(
            SINGLE,
            lambda number: write(lambda each: _bare(each, number)),
            lambda number: write(lambda each: log.append(each, _entry(last + number))),
        )
        (signs,) = _times(30, lambda _: write(lambda each: sign_head(each, keys)))
        note = write(lambda each: sign_head(each, keys)).note
        root = database.read_now(log.head).root
        (proofs,) = _times(100, lambda number: _proven(database, number * 7, count, root))
        leaves = _leaves(database, count)
        begun = time.perf_counter()
        report = verify(leaves, note, [Remembered("kept", note)], [keys.public])
        verified = time.perf_counter() - begun
        assert report.sound
        size = (state / "assize.db").stat().st_size
    finally:
        database.close_now()
    return {
        "an entry in its own transaction, ms p50": statistics.median(appends),
        "an entry in its own transaction, ms p99": statistics.quantiles(appends, n=100)[98],
        "a bare row in its own, ms p50": statistics.median(bare),
        "checkpoint signed, ms p50": statistics.median(signs),
        "inclusion proven and verified, ms p50": statistics.median(proofs),
        f"log of {count} verified, ms": verified * 1000,
        "bytes of database per entry": size / count,
    }


def _leaves(database: Database, count: int) -> list[bytes]:
    def page(start: int) -> tuple[log.Stored, ...]:
        return database.read_now(lambda each: log.read(each, start, log.PAGE_MOST))

    return [each.leaf for start in range(0, count, log.PAGE_MOST) for each in page(start)]


def _proven(database: Database, index: int, count: int, root: bytes) -> None:
    path = database.read_now(lambda each: log.prove_inclusion(each, index, count))
    assert verify_inclusion(leaf_hash(encode(_entry(index))), index, count, path, root)


def _entry(number: int) -> Entry:
    return Entry(
        EntryKind.VERDICT,
        1_800_000_000_000 + number,
        SERVICE,
        {"verification_id": f"{number:032x}"},
        {"policy": "0" * 64, "submission": "1" * 64},
        {"effects": number},
        "PASSED",
    )


def _bare(connection: Connection, number: int) -> None:
    connection.exec_driver_sql("INSERT INTO bench VALUES (?, ?)", (number, b"x" * 400))


def _times(repetitions: int, *acts: Callable[[int], object]) -> list[list[float]]:
    """Return the milliseconds of each act, which take turns."""
    times: list[list[float]] = [[] for _ in acts]
    for number in range(repetitions):
        for act, its in zip(acts, times, strict=True):
            begun = time.perf_counter()
            act(number)
            its.append((time.perf_counter() - begun) * 1000)
    return times


if __name__ == "__main__":
    typer.run(main)
