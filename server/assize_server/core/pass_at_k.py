"""Estimates pass@k: the probability that at least one of k candidates passes.

The point estimate is the unbiased one of Chen et al., "Evaluating Large Language Models Trained on
Code" (arXiv 2107.03374), section 2.1: 1 - C(n-c, k) / C(n, k). The interval is Wilson's for the
rate of success of one candidate, carried over by 1 - (1 - rate)^k, which grows with the rate, and
widened to hold the estimate where the two disagree (few candidates, large k).
"""

import math
from collections.abc import Sequence
from typing import Final

from assize.model.candidates import CandidatesSummary, PassAtK
from assize.model.verdict import Status

Z_95: Final = 1.959963984540054
"""The 97.5% quantile of the normal distribution."""


def pass_at_k(decided: int, passed: int, k: int) -> PassAtK:
    """Return the estimate for k out of `decided` candidates.

    Raises:
        ValueError: k is not between 1 and `decided`, or more passed than were decided.
    """
    if not 0 <= passed <= decided or not 1 <= k <= decided:
        raise ValueError(f"pass@{k} cannot be estimated from {passed} of {decided}")
    estimate = 1.0 - math.comb(decided - passed, k) / math.comb(decided, k)
    low, high = wilson(decided, passed)
    ends = (1.0 - (1.0 - low) ** k, 1.0 - (1.0 - high) ** k, estimate)
    return PassAtK(k, estimate, min(ends), max(ends))


def wilson(trials: int, successes: int) -> tuple[float, float]:
    """Return the 95% score interval of a rate (Wilson 1927)."""
    rate, square = successes / trials, Z_95**2
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    spread = Z_95 / (1 + square / trials)
    spread *= math.sqrt(rate * (1 - rate) / trials + square / (4 * trials**2))
    return max(0.0, middle - spread), min(1.0, middle + spread)


def summary(
    statuses: Sequence[Sequence[Status]], duplicates: int, asked: Sequence[int]
) -> CandidatesSummary:
    """Return what came of all candidates, from the statuses of each one's repetitions."""
    ends = [ending(each) for each in statuses]
    passed, failed = ends.count(Status.PASSED), ends.count(Status.FAILED)
    decided = passed + failed
    return CandidatesSummary(
        candidates=len(statuses),
        passed=passed,
        failed=failed,
        undecided=len(statuses) - decided,
        duplicates=duplicates,
        flaky=tuple(index for index, each in enumerate(statuses) if flaky(each)),
        pass_at_k=tuple(pass_at_k(decided, passed, k) for k in asked if k <= decided),
    )


def ending(statuses: Sequence[Status]) -> Status:
    """Return the end of a candidate: failed if ever, passed if always."""
    if Status.FAILED in statuses:
        return Status.FAILED
    if statuses and all(status is Status.PASSED for status in statuses):
        return Status.PASSED
    return Status.INFRA_ERROR


def flaky(statuses: Sequence[Status]) -> bool:
    """Tell whether a candidate passed in some repetitions and failed in others."""
    return Status.PASSED in statuses and Status.FAILED in statuses
