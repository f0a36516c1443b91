"""Several candidates in one call, over real gRPC."""

from pathlib import Path

import pytest
from support.programs import EXITS_7, HELLO, SLEEPS
from support.service import SPEC, serving, submitted

from assize.errors import InvalidRequest
from assize.model.candidates import CandidatesSummary, CandidateVerdict
from assize.model.submission import SourceFile, Submission
from assize.model.verdict import Status
from assize_server.execution.job import Job
from assize_server.rpc import candidates

GOOD, BAD = submitted(HELLO), submitted(EXITS_7)


async def test_every_candidate_is_judged_and_the_summary_comes_last(tmp_path: Path) -> None:
    """Verdicts by position, estimates for the k that was asked."""
    async with serving(tmp_path) as service, service.client() as client:
        events = [each async for each in client.verify_candidates([GOOD, BAD], SPEC, k=[1, 2])]
    *verdicts, summary = events
    assert isinstance(summary, CandidatesSummary)
    told = {
        each.candidate: each.verdict.status
        for each in verdicts
        if isinstance(each, CandidateVerdict)
    }
    assert told == {0: Status.PASSED, 1: Status.FAILED}
    assert [(each.k, each.estimate) for each in summary.pass_at_k] == [(1, 0.5), (2, 1.0)]


async def test_candidates_that_are_the_same_are_judged_once(tmp_path: Path) -> None:
    """One run, a verdict for each."""
    async with serving(tmp_path) as service, service.client() as client:
        events = [each async for each in client.verify_candidates([GOOD, BAD, GOOD], SPEC)]
        assert len(service.engine.recorded) == 2
    verdicts = [each for each in events if isinstance(each, CandidateVerdict)]
    assert {(each.candidate, each.same_as) for each in verdicts} == {(0, None), (1, None), (2, 0)}
    summary = events[-1]
    assert isinstance(summary, CandidatesSummary)
    assert (summary.passed, summary.failed, summary.duplicates) == (2, 1, 1)


async def test_repetitions_are_runs_of_their_own(tmp_path: Path) -> None:
    """To find out what passes only sometimes, it must run each time."""
    async with serving(tmp_path) as service, service.client() as client:
        events = [each async for each in client.verify_candidates([GOOD], SPEC, repetitions=3)]
        assert len(service.engine.recorded) == 3
    assert len([each for each in events if isinstance(each, CandidateVerdict)]) == 3
    assert isinstance(events[-1], CandidatesSummary)
    assert events[-1].flaky == ()


async def test_runs_of_one_request_share_what_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of copies of one large spec would take the service's memory."""
    jobs: list[Job] = []

    def noted(index: int, repetition: int, job: Job) -> candidates._Run:
        jobs.append(job)
        return run(index, repetition, job)

    run = candidates._Run
    monkeypatch.setattr(candidates, "_Run", noted)
    async with serving(tmp_path) as service, service.client() as client:
        async for _ in client.verify_candidates([GOOD, BAD], SPEC, repetitions=2):
            pass
    assert [job.submission for job in jobs] == [GOOD, GOOD, BAD, BAD]
    assert len({id(job.spec) for job in jobs}) == 1
    assert len({id(job.submission) for job in jobs}) == 2
    assert len({job.id for job in jobs}) == 4
    assert all(job.request_bytes > len(HELLO.source) for job in jobs[:2])


async def test_more_candidates_than_the_queue_holds_all_get_their_verdict(tmp_path: Path) -> None:
    """A full queue delays a run and never drops it."""
    many = [
        Submission((SourceFile("main.py", HELLO.source), SourceFile(f"n{n}.txt", b"")), "main.py")
        for n in range(8)
    ]
    async with serving(tmp_path, concurrency=1, waiting=0) as service, service.client() as client:
        events = [each async for each in client.verify_candidates(many, SPEC)]
    assert isinstance(events[-1], CandidatesSummary)
    assert events[-1].passed == len(many)


async def test_caller_who_leaves_takes_the_runs_along(tmp_path: Path) -> None:
    """No container outlives the call."""
    async with serving(tmp_path) as service, service.client() as client:
        events = client.verify_candidates([GOOD, submitted(SLEEPS)], SPEC)
        await anext(events)
        await events.aclose()
        await service.engine.until_all_removed()
        assert service.engine.living == []


@pytest.mark.parametrize(
    ("candidates", "k", "repetitions", "field"),
    [
        ([], [], 1, "candidates"),
        ([GOOD], [2], 1, "k[0]"),
        ([GOOD], [0], 1, "k[0]"),
        ([GOOD], [], -1, "repetitions"),
        ([GOOD], [], 2000, "repetitions"),
        ([GOOD, Submission(())], [], 1, "candidates[1].files"),
    ],
)
async def test_bad_numbers_are_refused_and_nothing_runs(
    tmp_path: Path, candidates: list[Submission], k: list[int], repetitions: int, field: str
) -> None:
    """The field at fault is named."""
    async with serving(tmp_path) as service, service.client() as client:
        with pytest.raises(InvalidRequest) as refused:
            async for _ in client.verify_candidates(candidates, SPEC, k=k, repetitions=repetitions):
                pass
        assert service.engine.recorded == []
    assert field in [each.field for each in refused.value.violations]
