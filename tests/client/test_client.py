"""The clients: what a service answers is what the caller gets, and nothing is asked twice."""

import asyncio
import subprocess
import sys
from contextlib import aclosing, closing
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2  # type: ignore[import-untyped,unused-ignore]
from grpc_health.v1 import health_pb2
from support.fake_service import FakeService

import assize
from assize import AsyncClient, Client, SourceFile, Spec, Submission, errors
from assize.convert.requests import VerificationRequest, request_from_proto
from assize.errors import ReasonCode
from assize.model.events import Admitted, StageStarted
from assize.model.spec import Check, ExitCode
from assize.model.submission import RequestedLimits
from assize.wire import MESSAGE_MOST_BYTES

SUBMISSION = Submission((SourceFile("main.py", b"print(1)"),), "main.py")
SPEC = Spec((Check("exits", ExitCode(0)),))
SHORT_SECONDS = 0.2


def test_verify_answered_returns_the_verdict_and_sends_the_whole_request(
    service: FakeService,
) -> None:
    """What the caller gives is what the service reads."""
    limits = RequestedLimits(wall_seconds=2.5, memory_bytes=1024)
    with Client(service.address) as client:
        verdict = client.verify(SUBMISSION, SPEC, "strict", limits, "id-1")
    assert verdict == service.verdict
    sent = request_from_proto(service.requests[0])
    assert sent == VerificationRequest(SUBMISSION, SPEC, "strict", limits, "id-1")


async def test_async_verify_answered_returns_the_verdict(service: FakeService) -> None:
    """Both clients tell the same."""
    async with AsyncClient(service.address) as client:
        assert await client.verify(SUBMISSION, SPEC) == service.verdict


def test_stream_answered_yields_events_and_the_verdict_last(service: FakeService) -> None:
    """Events of a kind that only a newer client knows are left out."""
    with Client(service.address) as client:
        events = list(client.stream(SUBMISSION, SPEC))
    assert events == [Admitted("v1", "default", "abc"), StageStarted("execute"), service.verdict]


async def test_async_stream_answered_yields_events_and_the_verdict_last(
    service: FakeService,
) -> None:
    """Both clients tell the same."""
    async with AsyncClient(service.address) as client:
        events = [event async for event in client.stream(SUBMISSION, SPEC)]
    assert events == [Admitted("v1", "default", "abc"), StageStarted("execute"), service.verdict]


def test_stream_without_verdict_raises_service_failure(service: FakeService) -> None:
    """A stream that just ends is no verdict."""
    service.verdict = None
    with Client(service.address) as client, pytest.raises(errors.ServiceFailure):
        list(client.stream(SUBMISSION, SPEC))


def test_answer_without_verdict_raises_malformed_answer(service: FakeService) -> None:
    """An empty answer is no verdict."""
    service.verdict = None
    with Client(service.address) as client, pytest.raises(errors.MalformedAnswer):
        client.verify(SUBMISSION, SPEC)


def test_refused_fields_raise_invalid_request_with_violations(service: FakeService) -> None:
    """Each field at fault is named."""
    bad = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field="spec", description="is empty")
        ]
    )
    service.refuse_because(
        grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", "spec: is empty", bad
    )
    with Client(service.address) as client, pytest.raises(errors.InvalidRequest) as caught:
        client.verify(SUBMISSION, SPEC)
    assert caught.value.violations == (errors.FieldViolation("spec", "is empty"),)
    assert caught.value.reason == ReasonCode.INVALID_REQUEST


def test_refusal_for_room_raises_overloaded_with_the_time_to_come_back(
    service: FakeService,
) -> None:
    """The service's advice reaches the caller, in seconds."""
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000))
    service.refuse_because(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "full", retry)
    with Client(service.address) as client, pytest.raises(errors.Overloaded) as caught:
        client.verify(SUBMISSION, SPEC)
    assert caught.value.retry_after_seconds == 1.5
    assert caught.value.reason == ReasonCode.OVERLOADED


def test_unknown_policy_raises_not_found(service: FakeService) -> None:
    """A name that the service does not know is the caller's fault."""
    service.refuse_because(grpc.StatusCode.NOT_FOUND, "UNKNOWN_POLICY", "there is no policy 'x'")
    with Client(service.address) as client, pytest.raises(errors.NotFound) as caught:
        client.policy("x")
    assert caught.value.reason == ReasonCode.UNKNOWN_POLICY


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, errors.InvalidRequest),
        (grpc.StatusCode.FAILED_PRECONDITION, errors.InvalidRequest),
        (grpc.StatusCode.NOT_FOUND, errors.NotFound),
        (grpc.StatusCode.UNAUTHENTICATED, errors.AccessDenied),
        (grpc.StatusCode.PERMISSION_DENIED, errors.AccessDenied),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.Overloaded),
        (grpc.StatusCode.UNAVAILABLE, errors.Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.DeadlineExceeded),
        (grpc.StatusCode.CANCELLED, errors.Cancelled),
        (grpc.StatusCode.UNIMPLEMENTED, errors.ServiceFailure),
        (grpc.StatusCode.INTERNAL, errors.ServiceFailure),
        (grpc.StatusCode.UNKNOWN, errors.ServiceFailure),
    ],
)
async def test_code_without_details_raises_its_error_once_asked(
    service: FakeService, code: grpc.StatusCode, expected: type[errors.AssizeError]
) -> None:
    """Both clients and both calls agree, and none of them asks again."""
    service.refuse(code, "no")
    with Client(service.address) as client:
        with pytest.raises(expected):
            client.verify(SUBMISSION, SPEC)
        with pytest.raises(expected):
            list(client.stream(SUBMISSION, SPEC))
    async with AsyncClient(service.address) as later:
        with pytest.raises(expected):
            await later.verify(SUBMISSION, SPEC)
        with pytest.raises(expected):
            _ = [event async for event in later.stream(SUBMISSION, SPEC)]
    assert len(service.requests) == 4


def test_reason_of_another_domain_is_not_taken_for_ours(service: FakeService) -> None:
    """A proxy's own reasons mean something else."""
    info = error_details_pb2.ErrorInfo(reason="OVERLOADED", domain="proxy.example")
    service.refuse(grpc.StatusCode.UNAVAILABLE, "no", info)
    with Client(service.address) as client, pytest.raises(errors.Unavailable) as caught:
        client.verify(SUBMISSION, SPEC)
    assert caught.value.reason == ""


def test_nobody_listening_raises_unavailable(tmp_path: Path) -> None:
    """The error comes at once, not after the deadline."""
    with Client(f"unix://{tmp_path}/none.sock") as client, pytest.raises(errors.Unavailable):
        client.verify(SUBMISSION, SPEC)


def test_deadline_passed_raises_and_ends_the_call(service: FakeService) -> None:
    """The service learns that nobody waits any more."""
    service.hangs = True
    with Client(service.address, timeout_seconds=SHORT_SECONDS) as client:
        with pytest.raises(errors.DeadlineExceeded):
            client.verify(SUBMISSION, SPEC)
        assert service.wait_until_left()


def test_stream_closed_early_ends_the_call(service: FakeService) -> None:
    """Leaving a stream stops the run."""
    service.hangs = True
    with Client(service.address) as client:
        with closing(client.stream(SUBMISSION, SPEC)) as events:
            next(events)
        assert service.wait_until_left()


async def test_async_stream_closed_early_ends_the_call(service: FakeService) -> None:
    """Leaving a stream stops the run."""
    service.hangs = True
    async with AsyncClient(service.address) as client:
        async with aclosing(client.stream(SUBMISSION, SPEC)) as events:
            await anext(events)
        assert await asyncio.to_thread(service.wait_until_left)


async def test_async_verify_cancelled_ends_the_call(service: FakeService) -> None:
    """Cancelling the task stops the run."""
    service.hangs = True
    async with AsyncClient(service.address) as client:
        task = asyncio.create_task(client.verify(SUBMISSION, SPEC))
        await asyncio.to_thread(service.began.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(service.wait_until_left)


def test_request_too_large_raises_before_it_is_sent(service: FakeService) -> None:
    """The error names the limit, and nothing travels."""
    huge = Submission((SourceFile("main.py", b" " * MESSAGE_MOST_BYTES),))
    with Client(service.address) as client, pytest.raises(errors.InvalidRequest) as caught:
        client.verify(huge, SPEC)
    assert caught.value.reason == ReasonCode.TOO_LARGE
    assert str(MESSAGE_MOST_BYTES) in str(caught.value)
    assert not service.requests


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("CLIENT: Received message larger than max (9 vs. 8)", errors.MalformedAnswer),
        ("SERVER: Received message larger than max (9 vs. 8)", errors.InvalidRequest),
    ],
)
def test_message_over_a_limit_blames_who_sent_it(
    service: FakeService, message: str, expected: type[errors.AssizeError]
) -> None:
    """Coming back later does not mend a message that is too large."""
    service.refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, message)
    with Client(service.address) as client, pytest.raises(expected):
        client.verify(SUBMISSION, SPEC)


async def test_policies_are_listed_and_shown(service: FakeService) -> None:
    """Both clients tell the same."""
    with Client(service.address) as client:
        listed, shown = client.policies(), client.policy()
    async with AsyncClient(service.address) as later:
        assert (await later.policies(), await later.policy("default")) == (listed, shown)
    assert listed == (shown.summary,)
    assert (shown.summary.name, shown.source) == ("default", "name: default\n")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (health_pb2.HealthCheckResponse.SERVING, True),
        (health_pb2.HealthCheckResponse.NOT_SERVING, False),
    ],
)
async def test_healthy_says_what_the_standard_health_service_says(
    service: FakeService, status: int, expected: bool
) -> None:
    """A draining service is not healthy."""
    service.health.set("", status)
    with Client(service.address) as client:
        assert client.healthy() is expected
    async with AsyncClient(service.address) as later:
        assert await later.healthy() is expected


async def test_healthy_where_nobody_listens_is_false(tmp_path: Path) -> None:
    """It is a question, so that no answer is an answer."""
    address = f"unix://{tmp_path}/none.sock"
    with Client(address) as client:
        assert not client.healthy()
    async with AsyncClient(address) as later:
        assert not await later.healthy()


def test_async_client_made_outside_a_loop_raises() -> None:
    """It would otherwise be bound to a loop that never runs."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        AsyncClient("127.0.0.1:1")


@pytest.mark.parametrize("name", assize.__all__)
def test_every_exported_name_is_there(name: str) -> None:
    """`__all__` holds no name that cannot be imported."""
    assert getattr(assize, name) is not None


def test_unknown_name_raises_attribute_error() -> None:
    """Names that are imported late do not make every name exist."""
    with pytest.raises(AttributeError, match="nonsense"):
        _ = assize.nonsense  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("from assize import *", ("assize_server", "assize_sandbox", "typer", "rich")),
        ("import assize", ("assize_server", "assize_sandbox", "typer", "rich", "grpc", "yaml")),
        ("import assize.cli.main", ("assize_server", "assize_sandbox")),
    ],
)
def test_import_loads_nothing_of_the_other_parts(statement: str, unwanted: tuple[str, ...]) -> None:
    """An agent installs the client alone."""
    program = f"{statement}\nimport sys; print(*(set({unwanted!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
