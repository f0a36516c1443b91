"""The corpus: wrong programs that try to be judged correct, and the tasks that they were set.

A task is a folder of `tasks/`: an honest `solution.py`, a pytest suite `test_<task>.py`, and where
it has one a `spec.yaml` of calls, or of what a program must print and write.

A program is a file or a folder of `programs/`. Three comments at its top say its class in the list
of attacks, its task, and what it tries. One whose bytes are no text has a `files.py` instead, which
is ours and is run here: its FILES are submitted. Nothing else of a program is ever run here.
"""

import re
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assize import Check, Lifetime, SourceFile, Spec, Submission, Tests, load_spec

HERE: Final = Path(__file__).parent
HEADER: Final = re.compile(
    r"# class: (?P<kind>[AB]\d+)\n# task: (?P<task>\w+)\n# tries: (?P<tries>.+)\n"
)
LIFETIMES: Final = {"pack": Lifetime.CALL}
"""Tasks whose suites need another lifetime than a test's."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a program is asked to do, and what tells whether it does."""

    name: str
    honest: bytes
    suite: str
    spec: Spec | None
    stdin: bytes | None
    """Standard input, of a task whose solution is a program."""
    expected: bytes | None
    """`expected_report.json`: only the plain pytest suite reads it."""

    @property
    def suite_file(self) -> str:
        """The name of the suite."""
        return f"test_{self.name}.py"

    def specs(self) -> dict[str, Spec]:
        """Return the ways to judge it through the service, by name."""
        ways = {}
        if self.stdin is None:
            lifetime = LIFETIMES.get(self.name, Lifetime.TEST)
            kind = Tests(((self.suite_file, self.suite),), ("solution",), lifetime)
            ways["tests"] = Spec((Check("suite", kind),))
        if self.spec is not None:
            ways["calls" if self.stdin is None else "program"] = self.spec
        return ways


@dataclass(frozen=True, slots=True)
class Program:
    """A wrong program, or the honest solution of a task."""

    name: str
    kind: str
    """Its class, such as `A4`; empty for an honest one."""
    task: Task
    tries: str
    files: tuple[SourceFile, ...]

    def submission(self) -> Submission:
        """Return it as it is submitted."""
        if self.task.stdin is None:
            return Submission(self.files)
        return Submission(self.files, entry_point="solution.py", stdin=self.task.stdin)


def tasks() -> dict[str, Task]:
    """Return the tasks by name."""
    return {folder.name: read_task(folder) for folder in sorted((HERE / "tasks").iterdir())}


def read_task(folder: Path) -> Task:
    """Return one task."""
    spec, stdin, expected = (
        folder / name for name in ("spec.yaml", "stdin.txt", "expected_report.json")
    )
    return Task(
        name=folder.name,
        honest=(folder / "solution.py").read_bytes(),
        suite=(folder / f"test_{folder.name}.py").read_text(),
        spec=load_spec(spec) if spec.exists() else None,
        stdin=stdin.read_bytes() if stdin.exists() else None,
        expected=expected.read_bytes() if expected.exists() else None,
    )


def honest() -> tuple[Program, ...]:
    """Return the honest solution of each task."""
    return tuple(
        Program(f"honest_{task.name}", "", task, "", (SourceFile("solution.py", task.honest),))
        for task in tasks().values()
    )


def programs() -> tuple[Program, ...]:
    """Return the corpus, in order."""
    known = tasks()
    # Bytecode of a `files.py` is nobody's program.
    places = sorted(path for path in (HERE / "programs").iterdir() if path.name != "__pycache__")
    return tuple(read_program(place, known) for place in places)


def read_program(place: Path, known: dict[str, Task]) -> Program:
    """Return one program.

    Raises:
        ValueError: Its header is not of the form above.
    """
    made, main = place / "files.py", place / "solution.py" if place.is_dir() else place
    text = (made if made.exists() else main).read_text()
    header = HEADER.match(text)
    if header is None:
        raise ValueError(f"{place} does not start with its class, task and what it tries")
    return Program(
        place.stem, header["kind"], known[header["task"]], header["tries"], files_of(place)
    )


def files_of(place: Path) -> tuple[SourceFile, ...]:
    """Return what a program submits."""
    if not place.is_dir():
        return (SourceFile("solution.py", place.read_bytes()),)
    if (place / "files.py").exists():
        made: dict[str, bytes] = runpy.run_path(str(place / "files.py"))["FILES"]
        return tuple(SourceFile(path, content) for path, content in made.items())
    found = sorted(path for path in place.rglob("*") if path.is_file())
    return tuple(
        SourceFile(path.relative_to(place).as_posix(), path.read_bytes()) for path in found
    )
