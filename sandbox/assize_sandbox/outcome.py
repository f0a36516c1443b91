"""How a process in the sandbox ended, concluded from evidence."""

from dataclasses import dataclass, field

from assize.model.verdict import Output, Reason, Usage


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program, a script or a call ended.

    `reason` is None if the process exited by itself with 0 (for a call: if it answered). Where a
    limit stopped it, `reason` names the limit and `exit_code` is usually None.
    """

    reason: Reason | None
    exit_code: int | None = None
    signal: int | None = None
    stdout: Output = field(default_factory=Output)
    stderr: Output = field(default_factory=Output)
    detail: str = ""
    """One line for people: which limit, how much was seen."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What a call answered: exactly one of `value`, `raised`, or an `outcome.reason`.

    `value` is the encoded answer, still hostile. `raised` is the exception's class name as the
    candidate's process tells it, first its own and then its builtin bases, with the message in
    `outcome.detail`.
    """

    outcome: Outcome
    value: bytes | None = None
    raised: tuple[str, ...] = ()
    refused: str = ""
    """Why the answer could not be encoded (not plain data, too deep, too large)."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """An input that the candidate's function failed for, in texts for people."""

    input: str
    expected: str
    actual: str
    problem: str
    raised: bool = False
    """Whether the candidate raised an exception where a value was due."""
    died: bool = False
    """Whether the candidate's process did not survive it."""
    fickle: bool = False
    """Whether it was right when it was tried again."""


@dataclass(frozen=True, slots=True)
class TestReport:
    """What became of one test, as the test sandbox tells; the candidate is not in there."""

    test: str
    outcome: str
    """`passed`, `failed`, `skipped` or `xfailed`."""
    message: str = ""
    leaned: bool = False
    """Whether a question was put to an object of the candidate's."""
    found: Counterexample | None = None
    """The smallest input that failed, if the test was made to look for one."""
    unusable: str = ""
    """Why the test cannot tell anything about any candidate, if it is one that looks for inputs."""
    gone: bool = False
    """Whether the candidate's process did not survive the test."""


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """A whole suite. `outcome` is the test process's own end, `candidate` why its subject died."""

    outcome: Outcome
    collected: tuple[str, ...]
    tests: tuple[TestReport, ...]
    errors: tuple[str, ...] = ()
    """What could not be collected."""
    candidate: Outcome | None = None
    done: bool = False
    """Whether pytest came to its end."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file of the work folder, read after every candidate process was dead, links refused."""

    exists: bool
    content: bytes | None = None
    """None if it does not exist or is not a plain file within bounds; `refused` says which."""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What the whole job used, measured from outside."""

    usage: Usage
