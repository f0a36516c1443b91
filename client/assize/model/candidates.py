"""Several candidates judged by one spec."""

from dataclasses import dataclass

from assize.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class CandidateVerdict:
    """One verdict of candidate number `candidate`; `same_as` names an earlier one that is equal."""

    candidate: int
    repetition: int
    verdict: Verdict
    same_as: int | None = None


@dataclass(frozen=True, slots=True)
class PassAtK:
    """The probability that at least one of k candidates passes, with a 95% confidence interval."""

    k: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CandidatesSummary:
    """What came of all candidates; one passed if every repetition of it passed."""

    candidates: int
    passed: int
    failed: int
    undecided: int
    """Could not be told, or wait for a person; left out of every estimate."""
    duplicates: int
    flaky: tuple[int, ...] = ()
    """Candidates that passed in some repetitions and failed in others."""
    pass_at_k: tuple[PassAtK, ...] = ()


CandidatesEvent = CandidateVerdict | CandidatesSummary
