"""Verifies a whole log: entries, the checkpoint they are under, and checkpoints of earlier days.

A log alone proves nothing against somebody who can rebuild it: whoever has the service's key and
its database can write another history and sign it. What shows it is a checkpoint that was kept
elsewhere. So each of those is compared with the root of the first entries of today's log.

What is found, by `ProblemKind`:

- SHORTER: the log has fewer entries than a checkpoint says; it was truncated, or an older copy of
  the database was restored.
- REWRITTEN: the entries up to a remembered checkpoint are not those it was signed over; the log was
  rebuilt, or an older copy was restored and has grown since.
- ROOT: the entries are not those that today's checkpoint is signed over; one was changed in place.
- SIGNATURE, ORIGIN, FORM: a note, or an entry, is not what it should be.
- CLOCK: the times go back, by more than what requests overtake each other by.

Pure: entries, notes and keys are handed in; no file, clock or service is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from assize.audit.checkpoints import Checkpoint, MalformedCheckpoint, opened
from assize.audit.entries import MalformedEntry, decode
from assize.merkle import Frontier, leaf_hash
from assize.public_keys import PublicKey

OVERTAKING_MILLISECONDS: Final = 5_000
"""Entries take their time before they queue for the database: by so much they may be out of order.
"""
PROBLEMS_KEPT: Final = 20
"""Of one kind; the rest are counted."""


class ProblemKind(StrEnum):
    """What is wrong with a log; the module's text says what each means."""

    SHORTER = "shorter"
    REWRITTEN = "rewritten"
    ROOT = "root"
    SIGNATURE = "signature"
    ORIGIN = "origin"
    FORM = "form"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong."""

    kind: ProblemKind
    """What sort of thing."""
    message: str
    """What was seen, for people."""
    index: int | None = None
    """The entry, where it is about one."""
    known: bool = False
    """Whether an earlier verification saw it: only of CLOCK, which cannot be mended any more."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A checkpoint that was kept outside the service."""

    source: str
    """Where, for people."""
    note: str
    """The signed note."""
    verified: bool = False
    """Whether an earlier verification of the log up to there kept it, not the service itself."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came out. `sound` is the answer."""

    size: int
    """Entries that were read."""
    root: bytes
    """Their root."""
    checkpoint: Checkpoint | None
    """What the log's own checkpoint says, if a pinned key signed it."""
    compared: int
    """Remembered checkpoints that the log was compared with."""
    problems: tuple[Problem, ...]
    """Everything that is wrong."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong that was not known before."""
        return all(problem.known for problem in self.problems)

    @property
    def intact(self) -> bool:
        """Whether the log is the one that was signed; its clock may have been set back."""
        return all(problem.kind is ProblemKind.CLOCK for problem in self.problems)


def verify(
    leaves: Iterable[bytes],
    note: str,
    remembered: Sequence[Remembered],
    keys: Sequence[PublicKey],
) -> Report:
    """Verify the entries, in order and from the first on, under the note of the log's head.

    Under a note that no pinned key signed, nothing is read.
    """
    problems = _Problems()
    checkpoint = _opened(Remembered("the log's checkpoint", note), keys, problems)
    older = [
        (each, made) for each in remembered if (made := _opened(each, keys, problems)) is not None
    ]
    known = max((made.size for each, made in older if each.verified), default=0)
    log = _Log(problems, known, {made.size for _, made in older})
    if checkpoint is not None:
        for each, made in older:
            _compare_origin(each, made, checkpoint, problems)
        for leaf in leaves:
            log.take(leaf)
        log.compare(older)
        _compare_head(log.frontier, checkpoint, problems)
    frontier, told = log.frontier, tuple(problems.told())
    return Report(frontier.size, frontier.root(), checkpoint, len(older), told)


@dataclass
class _Problems:
    """What was found so far, a bounded number of each kind."""

    found: dict[ProblemKind, list[Problem]] = field(default_factory=dict)
    untold: dict[ProblemKind, int] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        """Note a problem."""
        same = self.found.setdefault(problem.kind, [])
        if len(same) < PROBLEMS_KEPT or (same[-1].known and not problem.known):
            same.append(problem)
        else:
            self.untold[problem.kind] = self.untold.get(problem.kind, 0) + 1

    def told(self) -> Iterable[Problem]:
        """Yield what is reported, gravest kinds first."""
        for kind in ProblemKind:
            same = self.found.get(kind, [])
            yield from same
            if more := self.untold.get(kind):
                yield Problem(kind, f"and {more} more", known=same[-1].known)


class _Log:
    """The log as it is read: the tree so far, and the roots that are asked for on the way."""

    def __init__(self, problems: _Problems, known: int, wanted: set[int]) -> None:
        self.frontier = Frontier()
        self._problems = problems
        self._known = known
        self._wanted = wanted
        self._roots = {0: self.frontier.root()}
        self._latest_ms = 0

    def take(self, leaf: bytes) -> None:
        """Read the next entry."""
        index = self.frontier.size
        self._read(index, leaf)
        self.frontier.append(leaf_hash(leaf))
        if self.frontier.size in self._wanted:
            self._roots[self.frontier.size] = self.frontier.root()

    def _read(self, index: int, leaf: bytes) -> None:
        try:
            entry = decode(leaf)
        except MalformedEntry as error:
            self._problems.add(Problem(ProblemKind.FORM, f"entry {index}: {error}", index))
            return
        if entry.time_ms < self._latest_ms - OVERTAKING_MILLISECONDS:
            seconds = (self._latest_ms - entry.time_ms) / 1000
            text = f"entry {index} is {seconds:.0f} s older than one before it: a clock set back"
            known = index < self._known
            self._problems.add(Problem(ProblemKind.CLOCK, text, index, known))
            # From here on the clock goes by its new time: each setting back is told once.
            self._latest_ms = entry.time_ms
        self._latest_ms = max(self._latest_ms, entry.time_ms)

    def compare(self, older: Sequence[tuple[Remembered, Checkpoint]]) -> None:
        """Compare the log with each remembered checkpoint."""
        same = 0
        for each, made in sorted(older, key=lambda pair: pair[1].size):
            if made.size > self.frontier.size:
                text = f"{each.source} has {made.size} entries, the log only {self.frontier.size}"
                cause = "it was truncated, or an older copy restored"
                self._problems.add(Problem(ProblemKind.SHORTER, f"{text}: {cause}"))
            elif self._roots[made.size] != made.root:
                where = f"entries {same} to {made.size - 1}"
                text = f"{where} are not those of {each.source}: rebuilt, or an older copy restored"
                self._problems.add(Problem(ProblemKind.REWRITTEN, text))
            else:
                same = made.size


def _opened(each: Remembered, keys: Sequence[PublicKey], problems: _Problems) -> Checkpoint | None:
    try:
        return opened(each.note, keys)
    except MalformedCheckpoint as error:
        problems.add(Problem(ProblemKind.SIGNATURE, f"{each.source}: {error}"))
        return None


def _compare_origin(
    each: Remembered, made: Checkpoint, checkpoint: Checkpoint, problems: _Problems
) -> None:
    if made.origin != checkpoint.origin:
        text = f"{each.source} is of the log {made.origin}, this one is {checkpoint.origin}"
        problems.add(Problem(ProblemKind.ORIGIN, text))


def _compare_head(frontier: Frontier, checkpoint: Checkpoint, problems: _Problems) -> None:
    if frontier.size < checkpoint.size:
        text = f"the log has {frontier.size} entries, its checkpoint {checkpoint.size}: truncated"
        problems.add(Problem(ProblemKind.SHORTER, text))
    elif frontier.root() != checkpoint.root:
        text = "the entries are not those that the log's checkpoint is signed over"
        problems.add(Problem(ProblemKind.ROOT, text))
