"""Starts the service, sends it the programs in this folder over gRPC and prints each verdict.

    python examples/demo.py [NAME ...]

Each folder beside this file is one example: the code, `spec.yaml` and `example.yaml`, which says
what it shows and which verdict is right. Exit status: 0 if every verdict was the right one, 1 if
one was not, 4 if the service does not start or gives no verdict.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from assize import Client, RequestedLimits, SourceFile, Submission, Verdict, load_spec
from assize.cli.rendering import print_verdict
from assize.errors import AssizeError
from assize.strict_yaml import load

EXAMPLES: Final = Path(__file__).parent
ASSIZE: Final = Path(sys.executable).with_name("assize")
PROGRAM: Final = "program.py"
START_SECONDS: Final = 120
LOOK_SECONDS: Final = 0.05
STOP_SECONDS: Final = 60
LAST_LINES: Final = 20
ORDER: Final = (
    "passes",
    "wrong_answer",
    "type_error",
    "infinite_loop",
    "memory_bomb",
    "network_attempt",
    "deletes_files",
    "function_module",
    "json_report",
)

console: Final = Console(highlight=False, markup=False)


class CannotStart(Exception):
    """The service did not come up."""


@dataclass(frozen=True, slots=True)
class Example:
    """One folder of this one."""

    name: str
    shows: str
    expect: str
    """Status, and reason where there is one: `FAILED TIME_LIMIT`."""
    wall_seconds: float | None

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return EXAMPLES / self.name


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of an example, `seconds` after it was sent."""

    example: Example
    verdict: Verdict
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether the verdict is the expected one."""
        return outcome(self.verdict) == self.example.expect


def main(names: Sequence[str]) -> int:
    """Judge the examples of these names and return the exit status."""
    examples = [read(name) for name in names]
    try:
        with service() as address, Client(address) as client:
            judged = [judge(client, example) for example in examples]
    except (CannotStart, AssizeError) as error:
        console.print(f"demo: {error}", style="bold magenta", soft_wrap=True)
        return 4
    console.print(summary(judged))
    return 0 if all(each.is_right for each in judged) else 1


def read(name: str) -> Example:
    """Read what an example says of itself."""
    source = EXAMPLES / name / "example.yaml"
    match load(source.read_text(encoding="utf-8"), str(source)).data:
        case {"shows": str(shows), "expect": str(expect), **more}:
            wall_seconds = more.get("wall_seconds")
            limit = float(wall_seconds) if isinstance(wall_seconds, int | float) else None
            return Example(name, shows, expect, limit)
        case other:
            raise ValueError(f"{source}: expected `shows` and `expect`, got {other!r}")


@contextmanager
def service() -> Iterator[str]:
    """Start `assize serve` on a unix socket of its own, give its address, and stop it.

    Raises:
        CannotStart: It ended, or was not ready in time.
    """
    console.print("starting the service, which tries every barrier of its sandbox first ...")
    with tempfile.TemporaryDirectory(prefix="assize-demo-") as folder:
        address, log = f"unix://{folder}/rpc.sock", Path(folder) / "log"
        with log.open("wb") as file:
            command = [str(ASSIZE), "serve", "--listen", address, "--state", f"{folder}/state"]
            process = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            wait_until_ready(address, process, log)
            yield address
        finally:
            stop(process)


def wait_until_ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the service takes requests."""
    deadline = time.monotonic() + START_SECONDS
    with Client(address) as client:
        while not client.healthy():
            if process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
                raise CannotStart("\n".join(["`assize serve` did not come up:", *last]))
            time.sleep(LOOK_SECONDS)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Have the service end; SIGKILL if it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def judge(client: Client, example: Example) -> Judged:
    """Send one example and print what the service says of it."""
    console.print()
    console.print(Rule(example.name, align="left"))
    console.print(f"{example.shows}\n", style="italic")
    files = tuple(
        SourceFile(path.name, path.read_bytes()) for path in sorted(example.folder.glob("*.py"))
    )
    entry_point = PROGRAM if (example.folder / PROGRAM).exists() else None
    began = time.monotonic()
    verdict = client.verify(
        Submission(files, entry_point=entry_point),
        load_spec(example.folder / "spec.yaml"),
        limits=RequestedLimits(wall_seconds=example.wall_seconds),
    )
    seconds = time.monotonic() - began
    print_verdict(verdict, sys.stdout)
    sys.stdout.flush()
    return Judged(example, verdict, seconds)


def outcome(verdict: Verdict) -> str:
    """Return status and reason in a line."""
    return " ".join(filter(None, (verdict.status.value, verdict.reason)))


def summary(judged: Sequence[Judged]) -> Table:
    """Return a table of all verdicts."""
    table = Table(box=None, title="\nsummary", title_justify="left", title_style="bold")
    for heading in ("example", "verdict", "as expected", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left")
    for each in judged:
        right = "yes" if each.is_right else f"NO, expected {each.example.expect}"
        table.add_row(each.example.name, outcome(each.verdict), right, f"{each.seconds:.2f}")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ORDER))
