"""pass@k: the unbiased estimate, and what is left out of it."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.verdict import Status
from assize_server.core.pass_at_k import ending, flaky, pass_at_k, summary, wilson

COUNTS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)


@pytest.mark.parametrize("n", range(1, 7))
def test_estimate_is_the_share_of_samples_of_k_that_hold_a_pass(n: int) -> None:
    """Counted out for every c and k."""
    for c, k in itertools.product(range(n + 1), range(1, n + 1)):
        samples = list(itertools.combinations([True] * c + [False] * (n - c), k))
        share = sum(any(sample) for sample in samples) / len(samples)
        assert math.isclose(pass_at_k(n, c, k).estimate, share)


@given(COUNTS)
def test_interval_holds_within_0_and_1_and_is_in_order(counts: tuple[int, int, int]) -> None:
    """Whatever was counted."""
    told = pass_at_k(*counts)
    assert 0.0 <= told.low <= told.estimate <= told.high <= 1.0


@given(st.integers(1, 60), st.data())
def test_interval_of_one_holds_the_rate(n: int, data: st.DataObject) -> None:
    """Wilson's interval contains what was seen."""
    c = data.draw(st.integers(0, n))
    low, high = wilson(n, c)
    assert low - 1e-12 <= c / n <= high + 1e-12


@pytest.mark.parametrize("counts", [(3, 4, 1), (3, -1, 1), (3, 1, 0), (3, 1, 4)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    """Never a number that means nothing."""
    with pytest.raises(ValueError, match="cannot be estimated"):
        pass_at_k(*counts)


def test_candidate_that_passes_only_sometimes_failed_and_is_named() -> None:
    """A flaky pass is no pass."""
    assert ending([Status.PASSED, Status.FAILED]) is Status.FAILED
    assert flaky([Status.PASSED, Status.FAILED])
    assert not flaky([Status.FAILED, Status.FAILED])


def test_what_could_not_be_told_is_left_out_and_counted() -> None:
    """An infrastructure failure says nothing about a candidate."""
    told = summary(
        [[Status.PASSED], [Status.INFRA_ERROR], [Status.FAILED], [Status.PASSED, Status.HELD]],
        duplicates=0,
        asked=(1, 2, 4),
    )
    assert (told.passed, told.failed, told.undecided) == (1, 1, 2)
    assert [each.k for each in told.pass_at_k] == [1, 2]
    assert told.pass_at_k[0].estimate == 0.5
