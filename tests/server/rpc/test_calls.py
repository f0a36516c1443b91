"""The two services over real gRPC: verdicts, events, leaving, refusals for room, health."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from support.programs import COMPLAINS, FLOODS, HELLO, SLEEPS, Program
from support.service import (
    PATIENCE_SECONDS,
    POLICIES,
    SPEC,
    Service,
    refusal_of,
    serving,
    submitted,
)

from assize import AsyncClient, errors
from assize.errors import ReasonCode
from assize.model.events import Admitted, Event, OutputChunk, StageEnded, StageStarted
from assize.model.verdict import Finding, Reason, Severity, Status, Verdict
from assize_sandbox.engines.fake import Behaviour
from assize_server.execution.executor import STREAMED_MOST_BYTES, STREAMED_MOST_CHUNKS
from assize_server.rpc.server import SERVICES

SHORT_SECONDS = 0.3
DRIPS = Program(b"for _ in range(5000): print('.')\n", Behaviour(stdout=b".", pieces=5000))
STAGES = ["analyse", "execute", "judge"]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """Give a service with room for several."""
    programs = {each.source: each.behaviour for each in (HELLO, COMPLAINS, FLOODS, SLEEPS, DRIPS)}
    async with serving(tmp_path, programs=programs) as running:
        yield running


async def events_of(client: AsyncClient, program: Program = HELLO, name: str = "") -> list[Event]:
    """Return all that a stream tells."""
    stream = client.stream(submitted(program), SPEC, request_id=name)
    return [event async for event in stream]


async def until(stream: AsyncIterator[Event], kind: type[Event]) -> Event:
    """Return the first event of a kind."""
    async for event in stream:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


async def test_right_code_passes(service: Service) -> None:
    """The verdict says by which policy and behind what."""
    async with service.client() as client:
        verdict = await client.verify(submitted(), SPEC, request_id="one")
    assert (verdict.status, verdict.reason, verdict.score) == (Status.PASSED, None, 1.0)
    assert verdict.request_id == "one"
    assert verdict.policy_digest == service.policies["default"].digest
    assert verdict.isolation is not None
    assert verdict.isolation.engine == "fake"
    assert [check.name for check in verdict.checks] == ["out", "code"]
    assert service.engine.living == []


async def test_wrong_code_fails_with_a_reason(service: Service) -> None:
    """A program that exits with 1 is told apart from one that prints the wrong thing."""
    async with service.client() as client:
        verdict = await client.verify(submitted(COMPLAINS), SPEC)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.RUNTIME_ERROR)
    assert verdict.program is not None
    assert verdict.program.stderr.head == b"no good"


async def test_events_begin_with_admitted_and_end_with_the_verdict(service: Service) -> None:
    """The policy's digest is told before anything runs, each stage begins and ends."""
    async with service.client() as client:
        events = await events_of(client)
    verdict = events[-1]
    assert isinstance(verdict, Verdict)
    assert events[0] == Admitted(
        verdict.verification_id, "default", service.policies["default"].digest
    )
    stages = [event for event in events if isinstance(event, StageStarted | StageEnded)]
    assert [type(event) for event in stages] == [StageStarted, StageEnded] * len(STAGES)
    assert [event.stage for event in stages] == [name for name in STAGES for _ in range(2)]
    assert [time.stage for time in verdict.stages] == STAGES
    assert OutputChunk("stdout", b"hello\n") in events
    assert [type(event) for event in events].count(Verdict) == 1


async def test_findings_are_told_before_the_run(service: Service) -> None:
    """An agent can start to repair before the verdict is there."""
    finding = Finding("ruff", "S101", Severity.WARNING, "main.py", 1, 1, "assert")
    service.analyser.findings = (finding,)
    async with service.client() as client:
        events = await events_of(client)
    assert events.index(finding) < events.index(StageStarted("execute"))


@pytest.mark.parametrize("program", [FLOODS, DRIPS], ids=["much at once", "byte by byte"])
async def test_output_told_as_it_comes_is_bounded(service: Service, program: Program) -> None:
    """Neither many bytes nor many writes crowd out the other events."""
    async with service.client() as client:
        events = await events_of(client, program)
    chunks = [event.data for event in events if isinstance(event, OutputChunk)]
    assert 0 < sum(map(len, chunks)) <= STREAMED_MOST_BYTES
    assert len(chunks) <= STREAMED_MOST_CHUNKS
    ended = [event.stage for event in events if isinstance(event, StageEnded)]
    assert ended == STAGES
    assert isinstance(events[-1], Verdict)


async def test_deadline_kills_the_run(service: Service) -> None:
    """Nobody waits for the verdict any more, so nothing runs for it."""
    async with service.client(timeout_seconds=SHORT_SECONDS) as client:
        with pytest.raises(errors.DeadlineExceeded):
            await client.verify(submitted(SLEEPS), SPEC)
    await service.engine.until_all_removed()
    assert service.engine.living == []


async def test_caller_that_leaves_the_stream_kills_the_run(service: Service) -> None:
    """Closing the stream is enough."""
    async with (
        service.client() as client,
        aclosing(client.stream(submitted(SLEEPS), SPEC)) as stream,
    ):
        await until(stream, OutputChunk)
        assert len(service.engine.living) == 1
    await service.engine.until_all_removed()
    assert service.engine.living == []


async def test_caller_that_cancels_kills_the_run(service: Service) -> None:
    """Cancelling the task that waits for the verdict stops what it waits for."""
    async with service.client() as client, service.client() as onlooker:
        waiting = asyncio.create_task(client.verify(submitted(SLEEPS), SPEC, request_id="id"))
        async with aclosing(onlooker.stream(submitted(SLEEPS), SPEC, request_id="id")) as stream:
            await until(stream, OutputChunk)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await service.engine.until_all_removed()
    assert len(service.engine.recorded) == 1
    assert service.engine.living == []


async def test_connection_that_breaks_kills_the_run(service: Service) -> None:
    """A client that dies takes its run along."""
    client = service.client()
    stream = client.stream(submitted(SLEEPS), SPEC)
    await until(stream, OutputChunk)
    await client.close()
    await service.engine.until_all_removed()
    assert service.engine.living == []
    await stream.aclose()


async def test_two_callers_of_one_request_id_share_one_run(service: Service) -> None:
    """Both get the one verdict, and nothing is run twice."""
    service.analyser.gate.clear()
    async with service.client() as first, service.client() as second:
        calls = [asyncio.create_task(events_of(each, name="id")) for each in (first, second)]
        async with aclosing(first.stream(submitted(), SPEC, request_id="id")) as stream:
            await until(stream, StageStarted)
        service.analyser.gate.set()
        one, other = await asyncio.gather(*calls)
    assert one == other
    assert isinstance(one[-1], Verdict)
    assert one[-1].status is Status.PASSED
    assert (service.analyser.asked, len(service.engine.recorded)) == (1, 1)


async def test_one_of_two_callers_that_leaves_does_not_kill_the_run(service: Service) -> None:
    """Only the last one who leaves turns the light off."""
    service.analyser.gate.clear()
    async with (
        service.client() as leaver,
        service.client() as stayer,
        aclosing(stayer.stream(submitted(), SPEC, request_id="id")) as staying,
    ):
        await until(staying, StageStarted)
        async with aclosing(leaver.stream(submitted(), SPEC, request_id="id")) as leaving:
            await until(leaving, StageStarted)
        service.analyser.gate.set()
        verdict = await until(staying, Verdict)
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.PASSED
    assert service.analyser.asked == 1


async def test_same_request_id_after_the_verdict_gets_it_again(service: Service) -> None:
    """An answer that was lost on the way can be asked for."""
    async with service.client() as client:
        first = await events_of(client, name="id")
        assert await events_of(client, name="id") == first
    assert len(service.engine.recorded) == 1


async def test_same_request_id_after_all_left_is_judged_anew(service: Service) -> None:
    """A run that was stopped has no verdict, so its id is free again, even while it dies."""
    async with service.client() as client:
        async with aclosing(client.stream(submitted(SLEEPS), SPEC, request_id="id")) as stream:
            await until(stream, OutputChunk)
        events = await events_of(client, name="id")
    assert isinstance(events[-1], Verdict)
    assert events[-1].status is Status.PASSED


@pytest.mark.parametrize("finished", [True, False])
async def test_same_request_id_with_other_content_is_refused(
    service: Service, finished: bool
) -> None:
    """An id stands for one question."""
    async with service.client() as client:
        if finished:
            await client.verify(submitted(), SPEC, request_id="id")
        else:
            service.analyser.gate.clear()
        async with aclosing(client.stream(submitted(), SPEC, request_id="id")) as stream:
            await until(stream, Admitted)
            with pytest.raises(errors.InvalidRequest) as caught:
                await client.verify(submitted(COMPLAINS), SPEC, request_id="id")
            service.analyser.gate.set()
            await until(stream, Verdict)
    assert caught.value.reason == ReasonCode.REQUEST_ID_REUSED
    assert [each.field for each in caught.value.violations] == ["request_id"]
    assert len(service.engine.recorded) == 1


async def test_full_queue_refuses_and_says_when_to_come_back(tmp_path: Path) -> None:
    """One runs, one waits, the third is refused; the two are judged."""
    async with serving(tmp_path, concurrency=1, waiting=1) as service, service.client() as client:
        service.analyser.gate.clear()
        async with (
            aclosing(client.stream(submitted(), SPEC)) as running,
            aclosing(client.stream(submitted(), SPEC)) as queued,
        ):
            await until(running, StageStarted)
            await until(queued, Admitted)
            with pytest.raises(errors.Overloaded) as caught:
                await client.verify(submitted(), SPEC)
            assert service.analyser.asked == 1
            service.analyser.gate.set()
            for stream in (running, queued):
                verdict = await until(stream, Verdict)
                assert isinstance(verdict, Verdict)
                assert verdict.status is Status.PASSED
    assert caught.value.reason == ReasonCode.OVERLOADED
    assert caught.value.retry_after_seconds is not None
    assert caught.value.retry_after_seconds > 0


async def test_queued_caller_that_leaves_makes_room(tmp_path: Path) -> None:
    """What has not begun is forgotten at once, and was never run."""
    async with serving(tmp_path, concurrency=1, waiting=1) as service, service.client() as client:
        service.analyser.gate.clear()
        async with aclosing(client.stream(submitted(), SPEC)) as running:
            await until(running, StageStarted)
            async with aclosing(client.stream(submitted(), SPEC, request_id="id")) as queued:
                await until(queued, Admitted)
            # The same id: it is waited for until the one who left is gone.
            async with aclosing(client.stream(submitted(), SPEC, request_id="id")) as queued:
                await until(queued, Admitted)
                assert service.analyser.asked == 1
                service.analyser.gate.set()
                await until(queued, Verdict)
    assert service.analyser.asked == 2


async def test_host_without_memory_refuses(tmp_path: Path) -> None:
    """No run is admitted that the host might not survive."""
    async with (
        serving(tmp_path, has_room=lambda _job: False) as service,
        service.client() as client,
    ):
        with pytest.raises(errors.Overloaded) as caught:
            await client.verify(submitted(), SPEC)
        assert service.analyser.asked == 0
    assert "memory" in str(caught.value)
    assert caught.value.retry_after_seconds is not None


async def test_draining_refuses_new_runs_and_lets_the_running_end(service: Service) -> None:
    """Nobody who was admitted loses the verdict."""
    service.analyser.gate.clear()
    async with service.client() as client, aclosing(client.stream(submitted(), SPEC)) as stream:
        await until(stream, StageStarted)
        service.dispatcher.stop_admitting()
        with pytest.raises(errors.Unavailable) as caught:
            await client.verify(submitted(), SPEC)
        service.analyser.gate.set()
        await service.dispatcher.drain(PATIENCE_SECONDS)
        verdict = await until(stream, Verdict)
    assert caught.value.reason == ReasonCode.DRAINING
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.PASSED


async def test_run_that_outlasts_the_drain_could_not_be_told(service: Service) -> None:
    """It is stopped, and the caller learns that this says nothing about the code."""
    async with (
        service.client() as client,
        aclosing(client.stream(submitted(SLEEPS), SPEC)) as stream,
    ):
        await until(stream, OutputChunk)
        await service.dispatcher.drain(0)
        verdict = await until(stream, Verdict)
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.INFRA_ERROR
    assert service.engine.living == []


async def health_of(service: Service, name: str) -> int:
    """Ask for the health of one service."""
    async with grpc.aio.insecure_channel(service.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer: health_pb2.HealthCheckResponse = await stub.Check(
            health_pb2.HealthCheckRequest(service=name)
        )
    return answer.status


@pytest.mark.parametrize("name", ["", *SERVICES])
async def test_health_is_serving_until_draining(service: Service, name: str) -> None:
    """A load balancer sees it before calls are refused."""
    assert await health_of(service, name) == health_pb2.HealthCheckResponse.SERVING
    async with service.client() as client:
        assert await client.healthy()
        await service.server.stop_admitting()
        assert not await client.healthy()
    assert await health_of(service, name) == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_health_of_an_unknown_service_is_not_found(service: Service) -> None:
    """As the standard says."""
    with pytest.raises(grpc.RpcError) as caught:
        await health_of(service, "other.v1.Service")
    assert refusal_of(caught.value).code is grpc.StatusCode.NOT_FOUND


def ask_by_reflection(address: str) -> tuple[list[str], dict[str, Any]]:
    """List the services and verify as a stock client does that has never seen our protos."""
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        names = sorted(database.get_services())
        method = pool.FindServiceByName(SERVICES[0]).FindMethodByName("Verify")
        request = GetMessageClass(method.input_type)()
        json_format.ParseDict(
            {
                "submission": {
                    "files": [{"path": "main.py", "content": "cHJpbnQoJ2hlbGxvJykK"}],
                    "entry_point": "main.py",
                },
                "spec": {"checks": [{"name": "out", "stdout": {"exact": "hello\n"}}]},
            },
            request,
        )
        verify = channel.unary_unary(
            f"/{SERVICES[0]}/Verify",
            request_serializer=type(request).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        answer = verify(request, timeout=PATIENCE_SECONDS)
    return names, json_format.MessageToDict(answer)


async def test_reflection_is_enough_to_verify(service: Service) -> None:
    """Any gRPC tool can list the services, fetch the descriptors and get a verdict."""
    names, answer = await asyncio.to_thread(ask_by_reflection, service.address)
    assert names == sorted(
        [*SERVICES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"]
    )
    assert answer["verdict"]["status"] == "STATUS_PASSED"


async def test_policies_are_listed_and_shown_as_written(service: Service) -> None:
    """Whoever is judged can read by what, down to the comments."""
    async with service.client() as client:
        listed = await client.policies()
        shown = [await client.policy(each.name) for each in listed]
        default = await client.policy()
    assert [each.name for each in listed] == ["default", "evaluation", "strict"]
    for summary, text in zip(listed, shown, strict=True):
        assert summary == text.summary
        assert text.source == (POLICIES / f"{summary.name}.yaml").read_text()
    assert default == shown[0]
