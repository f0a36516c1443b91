"""Answers: verdicts and events."""

from typing import assert_never

from google.protobuf.message import DecodeError

from assize.convert.effects import weighed_from_proto, weighed_to_proto
from assize.convert.enums import (
    assurance_from_proto,
    assurance_to_proto,
    check_status_from_proto,
    check_status_to_proto,
    reason_from_proto,
    reason_to_proto,
    severity_from_proto,
    severity_to_proto,
    status_from_proto,
    status_to_proto,
    workspace_outcome_from_proto,
    workspace_outcome_to_proto,
)
from assize.errors import MalformedAnswer
from assize.model import verdict as model
from assize.model.events import Admitted, Event, OutputChunk, StageEnded, StageStarted
from assize.v1 import verdict_pb2, verification_pb2

_MOST_INT32 = 2**31 - 1


def event_to_proto(event: Event, sequence: int) -> verification_pb2.StreamVerifyResponse:
    """Return the message of an event; `sequence` counts from 1."""
    message = verification_pb2.StreamVerifyResponse(sequence=sequence)
    match event:
        case Admitted(verification_id, policy, digest):
            admitted = verification_pb2.Admitted(
                verification_id=verification_id, policy=policy, policy_digest=digest
            )
            message.admitted.MergeFrom(admitted)
            message.admitted.SetInParent()
        case StageStarted(stage):
            message.stage_started.stage = stage
            message.stage_started.SetInParent()
        case StageEnded(stage, seconds):
            message.stage_ended.MergeFrom(verification_pb2.StageEnded(stage=stage, seconds=seconds))
            message.stage_ended.SetInParent()
        case OutputChunk(stream, data):
            message.output.MergeFrom(verification_pb2.OutputChunk(stream=stream, data=data))
            message.output.SetInParent()
        case model.Finding():
            message.finding.CopyFrom(_finding_to_proto(event))
        case model.Verdict():
            message.verdict.CopyFrom(verdict_to_proto(event))
        case _:
            assert_never(event)
    return message


def event_from_proto(message: verification_pb2.StreamVerifyResponse) -> Event | None:
    """Return the event of a message, None for a kind that a newer service has.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    match message.WhichOneof("event"):
        case "admitted":
            admitted = message.admitted
            return Admitted(admitted.verification_id, admitted.policy, admitted.policy_digest)
        case "stage_started":
            return StageStarted(message.stage_started.stage)
        case "stage_ended":
            return StageEnded(message.stage_ended.stage, message.stage_ended.seconds)
        case "finding":
            return _finding_from_proto(message.finding)
        case "output":
            return OutputChunk(message.output.stream, message.output.data)
        case "verdict":
            return verdict_from_proto(message.verdict)
        case None:
            return None
        case unread:
            assert_never(unread)


def verdict_to_proto(verdict: model.Verdict) -> verdict_pb2.Verdict:
    """Return the message of a verdict.

    Texts that the candidate may have shaped cannot make it fail: what is not Unicode is escaped.
    """
    message = verdict_pb2.Verdict(
        verification_id=verdict.verification_id,
        request_id=verdict.request_id,
        status=status_to_proto(verdict.status),
        reason=reason_to_proto(verdict.reason),
        message=_text(verdict.message),
        score=verdict.score,
        assurance=assurance_to_proto(verdict.assurance),
        checks=[_check_to_proto(check) for check in verdict.checks],
        findings=[_finding_to_proto(finding) for finding in verdict.findings],
        usage=_usage_to_proto(verdict.usage),
        stages=[
            verdict_pb2.StageTime(stage=each.stage, seconds=each.seconds) for each in verdict.stages
        ],
        policy=verdict.policy,
        policy_digest=verdict.policy_digest,
        effects=map(weighed_to_proto, verdict.effects),
        effects_total=verdict.effects_total,
    )
    if verdict.workspace is not None:
        message.workspace.CopyFrom(_workspace_to_proto(verdict.workspace))
    if verdict.hold is not None:
        message.hold.CopyFrom(_hold_to_proto(verdict.hold))
    if verdict.program is not None:
        message.program.CopyFrom(_program_to_proto(verdict.program))
    if verdict.isolation is not None:
        message.isolation.CopyFrom(_isolation_to_proto(verdict.isolation))
        message.isolation.SetInParent()
    return message


def verdict_to_bytes(verdict: model.Verdict) -> bytes:
    """Return a verdict as it is kept."""
    return verdict_to_proto(verdict).SerializeToString(deterministic=True)


def verdict_from_bytes(data: bytes) -> model.Verdict:
    """Return a verdict that was kept.

    Raises:
        MalformedAnswer: It is none.
    """
    try:
        return verdict_from_proto(verdict_pb2.Verdict.FromString(data))
    except DecodeError as error:
        raise MalformedAnswer("what was kept is no verdict") from error


def verdict_from_proto(message: verdict_pb2.Verdict) -> model.Verdict:
    """Return the verdict of a message.

    Raises:
        MalformedAnswer: It lacks its status, or a value is not one of those we know.
    """
    return model.Verdict(
        verification_id=message.verification_id,
        request_id=message.request_id,
        status=status_from_proto(message.status),
        reason=reason_from_proto(message.reason),
        message=message.message,
        score=message.score,
        assurance=assurance_from_proto(message.assurance),
        checks=tuple(_check_from_proto(check) for check in message.checks),
        findings=tuple(_finding_from_proto(finding) for finding in message.findings),
        program=_program_from_proto(message.program) if message.HasField("program") else None,
        usage=_usage_from_proto(message.usage),
        stages=tuple(model.StageTime(each.stage, each.seconds) for each in message.stages),
        isolation=(
            _isolation_from_proto(message.isolation) if message.HasField("isolation") else None
        ),
        policy=message.policy,
        policy_digest=message.policy_digest,
        effects=tuple(map(weighed_from_proto, message.effects)),
        effects_total=message.effects_total,
        workspace=(
            _workspace_from_proto(message.workspace) if message.HasField("workspace") else None
        ),
        hold=_hold_from_proto(message.hold) if message.HasField("hold") else None,
    )


def _workspace_to_proto(result: model.WorkspaceResult) -> verdict_pb2.WorkspaceResult:
    return verdict_pb2.WorkspaceResult(
        name=result.name,
        base=result.base,
        result=result.result,
        outcome=workspace_outcome_to_proto(result.outcome),
        effects_digest=result.effects_digest,
    )


def _workspace_from_proto(message: verdict_pb2.WorkspaceResult) -> model.WorkspaceResult:
    return model.WorkspaceResult(
        message.name,
        message.base,
        message.result,
        workspace_outcome_from_proto(message.outcome),
        message.effects_digest,
    )


def _hold_to_proto(notice: model.HoldNotice) -> verdict_pb2.HoldNotice:
    return verdict_pb2.HoldNotice(
        hold_id=notice.hold_id,
        gate=notice.gate,
        rules=notice.rules,
        groups=notice.groups,
        quorum=notice.quorum,
        expires_at=notice.expires_at,
    )


def _hold_from_proto(message: verdict_pb2.HoldNotice) -> model.HoldNotice:
    return model.HoldNotice(
        message.hold_id,
        message.gate,
        tuple(message.rules),
        tuple(message.groups),
        message.quorum,
        message.expires_at,
    )


def _check_to_proto(check: model.CheckResult) -> verdict_pb2.CheckResult:
    return verdict_pb2.CheckResult(
        name=check.name,
        status=check_status_to_proto(check.status),
        reason=reason_to_proto(check.reason),
        message=_text(check.message),
        expected=_text(check.expected),
        actual=_text(check.actual),
        diff=_text(check.diff),
        input=_text(check.input),
        cases_passed=check.cases_passed,
        cases_total=check.cases_total,
        assurance=assurance_to_proto(check.assurance),
        required=check.required,
        weight=check.weight,
    )


def _check_from_proto(message: verdict_pb2.CheckResult) -> model.CheckResult:
    assurance = assurance_from_proto(message.assurance)
    if assurance is None:
        raise MalformedAnswer(f"the result of check {message.name!r} lacks its assurance")
    return model.CheckResult(
        name=message.name,
        status=check_status_from_proto(message.status),
        reason=reason_from_proto(message.reason),
        message=message.message,
        expected=message.expected,
        actual=message.actual,
        diff=message.diff,
        input=message.input,
        cases_passed=message.cases_passed,
        cases_total=message.cases_total,
        assurance=assurance,
        required=message.required,
        weight=message.weight,
    )


def _finding_to_proto(finding: model.Finding) -> verdict_pb2.Finding:
    message = verdict_pb2.Finding(
        tool=finding.tool,
        rule=_text(finding.rule),
        severity=severity_to_proto(finding.severity),
        path=_text(finding.path),
        line=_count(finding.line),
        column=_count(finding.column),
        message=_text(finding.message),
    )
    if finding.fix is not None:
        message.fix.MergeFrom(_fix_to_proto(finding.fix))
        message.fix.SetInParent()
    return message


def _finding_from_proto(message: verdict_pb2.Finding) -> model.Finding:
    return model.Finding(
        tool=message.tool,
        rule=message.rule,
        severity=severity_from_proto(message.severity),
        path=message.path,
        line=message.line,
        column=message.column,
        message=message.message,
        fix=_fix_from_proto(message.fix) if message.HasField("fix") else None,
    )


def _fix_to_proto(fix: model.Fix) -> verdict_pb2.Fix:
    return verdict_pb2.Fix(
        message=_text(fix.message),
        edits=[
            verdict_pb2.Edit(
                start_line=_count(edit.start_line),
                start_column=_count(edit.start_column),
                end_line=_count(edit.end_line),
                end_column=_count(edit.end_column),
                content=_text(edit.content),
            )
            for edit in fix.edits
        ],
    )


def _fix_from_proto(message: verdict_pb2.Fix) -> model.Fix:
    edits = (
        model.Edit(edit.start_line, edit.start_column, edit.end_line, edit.end_column, edit.content)
        for edit in message.edits
    )
    return model.Fix(message.message, tuple(edits))


def _program_to_proto(program: model.ProgramEnd) -> verdict_pb2.ProgramEnd:
    return verdict_pb2.ProgramEnd(
        exit_code=program.exit_code,
        signal=program.signal,
        stdout=_output_to_proto(program.stdout),
        stderr=_output_to_proto(program.stderr),
    )


def _program_from_proto(message: verdict_pb2.ProgramEnd) -> model.ProgramEnd:
    return model.ProgramEnd(
        exit_code=message.exit_code if message.HasField("exit_code") else None,
        signal=message.signal if message.HasField("signal") else None,
        stdout=_output_from_proto(message.stdout),
        stderr=_output_from_proto(message.stderr),
    )


def _output_to_proto(output: model.Output) -> verdict_pb2.Output:
    return verdict_pb2.Output(head=output.head, tail=output.tail, total_bytes=output.total_bytes)


def _output_from_proto(message: verdict_pb2.Output) -> model.Output:
    return model.Output(message.head, message.tail, message.total_bytes)


def _usage_to_proto(usage: model.Usage) -> verdict_pb2.Usage:
    return verdict_pb2.Usage(
        wall_seconds=usage.wall_seconds,
        cpu_seconds=usage.cpu_seconds,
        peak_memory_bytes=usage.peak_memory_bytes,
        peak_pids=usage.peak_pids,
        output_bytes=usage.output_bytes,
    )


def _usage_from_proto(message: verdict_pb2.Usage) -> model.Usage:
    return model.Usage(
        wall_seconds=message.wall_seconds,
        cpu_seconds=message.cpu_seconds,
        peak_memory_bytes=message.peak_memory_bytes,
        peak_pids=message.peak_pids,
        output_bytes=message.output_bytes,
    )


def _isolation_to_proto(isolation: model.Isolation) -> verdict_pb2.Isolation:
    return verdict_pb2.Isolation(
        engine=isolation.engine,
        runtime=isolation.runtime,
        image_digest=isolation.image_digest,
        barriers=isolation.barriers,
    )


def _isolation_from_proto(message: verdict_pb2.Isolation) -> model.Isolation:
    return model.Isolation(
        message.engine, message.runtime, message.image_digest, tuple(message.barriers)
    )


def _text(text: str) -> str:
    """Return `text` with lone surrogates escaped.

    SECURITY: protobuf refuses them, and a candidate that got one into its own error message would
    otherwise turn its failure into "we could not tell".
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _count(number: int) -> int:
    """Return a position that fits its field; analysers read hostile source."""
    return max(0, min(number, _MOST_INT32))
