"""Requests for several candidates, and their answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from assize.convert.answers import verdict_from_proto, verdict_to_proto
from assize.convert.requests import limits_to_proto, submission_to_proto
from assize.convert.spec import spec_to_proto
from assize.model.candidates import (
    CandidatesEvent,
    CandidatesSummary,
    CandidateVerdict,
    PassAtK,
)
from assize.model.spec import Spec
from assize.model.submission import RequestedLimits, Submission
from assize.v1 import candidates_pb2


@dataclass(frozen=True, slots=True)
class CandidatesRequest:
    """Several candidates, what each must show, and for which k pass@k is estimated."""

    candidates: Sequence[Submission]
    spec: Spec
    policy: str = ""
    limits: RequestedLimits = field(default_factory=RequestedLimits)
    k: Sequence[int] = ()
    repetitions: int = 1


def candidates_request_to_proto(
    request: CandidatesRequest,
) -> candidates_pb2.VerifyCandidatesRequest:
    """Return the message of a request.

    Raises:
        InvalidFields: A value does not fit its field, or a choice was made twice.
    """
    return candidates_pb2.VerifyCandidatesRequest(
        candidates=[submission_to_proto(each) for each in request.candidates],
        spec=spec_to_proto(request.spec),
        policy=request.policy,
        limits=limits_to_proto(request.limits),
        k=request.k,
        repetitions=request.repetitions,
    )


def candidates_event_to_proto(event: CandidatesEvent) -> candidates_pb2.VerifyCandidatesResponse:
    """Return the message of an event."""
    match event:
        case CandidateVerdict():
            verdict = candidates_pb2.CandidateVerdict(
                candidate=event.candidate,
                repetition=event.repetition,
                verdict=verdict_to_proto(event.verdict),
            )
            if event.same_as is not None:
                verdict.same_as = event.same_as
            return candidates_pb2.VerifyCandidatesResponse(verdict=verdict)
        case CandidatesSummary():
            return candidates_pb2.VerifyCandidatesResponse(summary=_summary_to_proto(event))
        case _:
            assert_never(event)


def candidates_event_from_proto(
    message: candidates_pb2.VerifyCandidatesResponse,
) -> CandidatesEvent | None:
    """Return the event of a message, None for a kind that a newer service has.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    match message.WhichOneof("event"):
        case "verdict":
            told = message.verdict
            same_as = told.same_as if told.HasField("same_as") else None
            verdict = verdict_from_proto(told.verdict)
            return CandidateVerdict(told.candidate, told.repetition, verdict, same_as)
        case "summary":
            return _summary_from_proto(message.summary)
        case None:
            return None
        case unread:
            assert_never(unread)


def _summary_to_proto(summary: CandidatesSummary) -> candidates_pb2.CandidatesSummary:
    return candidates_pb2.CandidatesSummary(
        candidates=summary.candidates,
        passed=summary.passed,
        failed=summary.failed,
        undecided=summary.undecided,
        duplicates=summary.duplicates,
        flaky=summary.flaky,
        pass_at_k=[
            candidates_pb2.PassAtK(k=each.k, estimate=each.estimate, low=each.low, high=each.high)
            for each in summary.pass_at_k
        ],
    )


def _summary_from_proto(message: candidates_pb2.CandidatesSummary) -> CandidatesSummary:
    return CandidatesSummary(
        candidates=message.candidates,
        passed=message.passed,
        failed=message.failed,
        undecided=message.undecided,
        duplicates=message.duplicates,
        flaky=tuple(message.flaky),
        pass_at_k=tuple(
            PassAtK(each.k, each.estimate, each.low, each.high) for each in message.pass_at_k
        ),
    )
