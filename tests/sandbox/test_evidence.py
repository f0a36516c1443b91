"""How a run ended: which evidence decides when there is more than one kind of it."""

import signal
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.verdict import Output, Reason
from assize_sandbox.engines.base import Counters
from assize_sandbox.evidence import Ending, Evidence, conclude
from assize_sandbox.limits import Limits
from assize_sandbox.outcome import Outcome

LIMITS = Limits(output_bytes=100)
WELL = Ending(code=0, signal=None)
FAILED = Ending(code=3, signal=None)
QUIET = Output()
LOUD = Output(b"y" * 50, b"y" * 50, LIMITS.output_bytes + 1)
OOM = Counters(oom_kills=1)
REFUSED = Counters(pids_refused=1)


def evidence(ending: Ending | None, **changes: object) -> Evidence:
    """Return evidence of a run that met no limit, but for what is said."""
    base = Evidence(None, "", Counters(), Counters(), QUIET, QUIET, ending)
    return replace(base, **changes)  # type: ignore[arg-type]


def reason(ending: Ending | None, **changes: object) -> Reason | None:
    """Return the reason that is concluded."""
    outcome = conclude(evidence(ending, **changes), LIMITS)
    assert outcome is not None
    return outcome.reason


def test_exit_with_0_and_no_limit_met_is_no_failure() -> None:
    """The one way to succeed."""
    assert conclude(evidence(WELL), LIMITS) == Outcome(None, exit_code=0)


@pytest.mark.parametrize(
    ("strongest", "ending", "changes"),
    [
        (
            Reason.TIME_LIMIT,
            None,
            {"breach": Reason.TIME_LIMIT, "stdout": LOUD, "after": OOM},
        ),
        (Reason.CPU_LIMIT, WELL, {"breach": Reason.CPU_LIMIT, "after": OOM}),
        (Reason.OUTPUT_LIMIT, None, {"stdout": LOUD, "after": OOM}),
        (Reason.OUTPUT_LIMIT, FAILED, {"stderr": LOUD, "after": OOM}),
        (Reason.OUTPUT_LIMIT, replace(FAILED, flooded=True), {"after": OOM}),
        (Reason.MEMORY_LIMIT, None, {"after": OOM}),
        (
            Reason.MEMORY_LIMIT,
            replace(FAILED, disk_full=True),
            {"after": Counters(oom_kills=1, pids_refused=1)},
        ),
        (Reason.PROCESS_LIMIT, replace(FAILED, disk_full=True), {"after": REFUSED}),
        (Reason.DISK_LIMIT, Ending(None, signal.SIGKILL, disk_full=True), {}),
        (Reason.DISK_LIMIT, Ending(None, signal.SIGXFSZ), {}),
        (Reason.SIGNALED, Ending(None, signal.SIGSEGV), {}),
        (Reason.RUNTIME_ERROR, FAILED, {}),
    ],
)
def test_stronger_evidence_hides_weaker(
    strongest: Reason, ending: Ending | None, changes: dict[str, object]
) -> None:
    """Who killed it, what came out, what the kernel counted, how it ended: in that order."""
    assert reason(ending, **changes) == strongest


@pytest.mark.parametrize(
    ("ending", "changes"),
    [
        (WELL, {"after": OOM}),
        (WELL, {"after": REFUSED}),
        (replace(WELL, disk_full=True), {}),
    ],
)
def test_limit_that_was_met_and_survived_is_no_failure(
    ending: Ending, changes: dict[str, object]
) -> None:
    """A program that copes with a killed child or a refused fork has not failed."""
    assert reason(ending, **changes) is None


def test_what_an_earlier_run_of_the_job_met_is_not_held_against_this_one() -> None:
    """The kernel counts for the whole job; a run is told by what grew during it."""
    assert reason(FAILED, before=OOM, after=OOM) == Reason.RUNTIME_ERROR
    assert reason(FAILED, before=REFUSED, after=REFUSED) == Reason.RUNTIME_ERROR


def test_output_of_exactly_the_limit_is_within_it() -> None:
    """The limit is what may be written, not what may not."""
    full = Output(b"y" * LIMITS.output_bytes, b"", LIMITS.output_bytes)
    assert reason(WELL, stdout=full, stderr=full) is None


def test_death_that_nothing_explains_has_no_outcome() -> None:
    """We could not tell: that is not the code's failure."""
    assert conclude(evidence(None), LIMITS) is None
    assert conclude(evidence(None, before=OOM, after=OOM), LIMITS) is None


@pytest.mark.parametrize("ending", [None, FAILED, Ending(None, signal.SIGKILL)])
def test_end_of_what_was_stopped_is_not_told(ending: Ending | None) -> None:
    """A process that we killed did not end by itself, whatever the guest says of it."""
    outcome = conclude(evidence(ending, breach=Reason.TIME_LIMIT, breach_detail="why"), LIMITS)
    assert outcome == Outcome(Reason.TIME_LIMIT, detail="why")


@pytest.mark.parametrize(("number", "name"), [(signal.SIGSEGV, "SIGSEGV"), (0, "0"), (255, "255")])
def test_signal_is_told_by_name_where_it_has_one(number: int, name: str) -> None:
    """Whatever number the guest names, there are words for it."""
    outcome = conclude(evidence(Ending(None, number)), LIMITS)
    assert outcome is not None
    assert outcome.detail == f"ended by signal {name}"


counts = st.integers(0, 3)
counters = st.builds(Counters, oom_kills=counts, pids_refused=counts)
totals = st.sampled_from([0, LIMITS.output_bytes, LIMITS.output_bytes + 1])
outputs = st.builds(Output, total_bytes=totals)
statuses = st.one_of(st.none(), st.integers(0, 255))
endings = st.builds(Ending, statuses, statuses, st.booleans(), st.booleans())
breaches = st.sampled_from([None, Reason.TIME_LIMIT, Reason.CPU_LIMIT, Reason.OUTPUT_LIMIT])
anything = st.builds(
    Evidence,
    breach=breaches,
    breach_detail=st.just("why"),
    before=counters,
    after=counters,
    stdout=outputs,
    stderr=outputs,
    ending=st.one_of(st.none(), endings),
)


@given(anything)
def test_no_evidence_but_a_clean_exit_concludes_success(given: Evidence) -> None:
    """Fail closed: no reason is given only where the process exited with 0 and met no limit."""
    outcome = conclude(given, LIMITS)
    if outcome is None or outcome.reason is not None:
        return
    assert given.breach is None
    assert given.ending is not None
    assert (given.ending.code, given.ending.flooded) == (0, False)
    assert outcome.exit_code == 0
    assert max(given.stdout.total_bytes, given.stderr.total_bytes) <= LIMITS.output_bytes


@given(anything)
def test_failure_always_says_why_in_words(given: Evidence) -> None:
    """A reason never comes without a detail, nor a detail without a reason."""
    outcome = conclude(given, LIMITS)
    if outcome is not None:
        assert (outcome.reason is None) == (outcome.detail == "")


@given(anything)
def test_breach_decides_whatever_else_is_known(given: Evidence) -> None:
    """What only the host knows is above everything that the guest can bring about."""
    if given.breach is not None:
        outcome = conclude(given, LIMITS)
        assert outcome is not None
        assert (outcome.reason, outcome.detail) == (given.breach, given.breach_detail)
