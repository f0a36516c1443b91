"""What plain pytest says of a program: the suite and the program side by side, as usual.

Two accept rules: exit status 0; and a JUnit file in which every expected test passed and none was
skipped, with exit status 0. The programs are hostile, so that this too happens in a container each.
"""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

from tamper.corpus import Program

from assize_sandbox.engines.base import Engine
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Limits
from assize_sandbox.session import Command, Session

LIMITS: Final = Limits(wall_seconds=8.0, cpu_seconds=8.0)
REPORT: Final = "junit.xml"
REPORT_MOST_BYTES: Final = 100_000
ENVIRONMENT: Final = {"PYTHONPATH": "/workspace:/opt/assize/tools/tests"}
NO_DOCUMENT: Final = re.compile(rb"<!(DOCTYPE|ENTITY)")

Names = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Plain:
    """What plain pytest made of a program."""

    exit_code: int | None
    names: Names
    """Tests that the JUnit file has as passed, none of them skipped; empty if anything else."""

    @property
    def by_exit_code(self) -> bool:
        """Whether the exit status alone would accept it."""
        return self.exit_code == 0

    def by_junit(self, expected: Names) -> bool:
        """Whether exit status and JUnit file would accept it."""
        return self.exit_code == 0 and self.names == expected


async def run_plain(engine: Engine, program: Program) -> Plain:
    """Run the suite of the program's task beside it, in a container of its own."""
    task = program.task
    files = {file.path: file.content for file in program.files}
    files[task.suite_file] = task.suite.encode()
    if task.expected is not None:
        files["expected_report.json"] = task.expected
    session = Session(await engine.prepare(LIMITS.shape), LIMITS)
    try:
        await session.put({path: text for path, text in files.items() if path.isprintable()})
        argv = ("python3", "-m", "pytest", "-q", f"--junitxml=/workspace/{REPORT}", task.suite_file)
        outcome = await session.run(Command(argv, ENVIRONMENT))
        if outcome.reason is not None and outcome.exit_code is None:
            return Plain(None, frozenset())
        report = await session.read(REPORT, REPORT_MOST_BYTES)
    except SandboxError:
        return Plain(None, frozenset())
    finally:
        await session.close()
    return Plain(outcome.exit_code, passed_names(report.content or b""))


def passed_names(report: bytes) -> Names:
    """Return the tests of a JUnit file if all of them passed, each once."""
    if NO_DOCUMENT.search(report):
        return frozenset()
    try:
        cases = list(ElementTree.fromstring(report).iter("testcase"))  # noqa: S314 - see above
    except ElementTree.ParseError:
        return frozenset()
    names = [(case.get("classname", ""), case.get("name", "")) for case in cases]
    good = not any(len(case) for case in cases) and len(set(names)) == len(names)
    return frozenset(names) if good else frozenset()
