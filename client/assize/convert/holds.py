"""Holds: between records and messages."""

from typing import Final

from google.protobuf.descriptor import EnumDescriptor

from assize.convert.effects import weighed_from_proto, weighed_to_proto
from assize.errors import MalformedAnswer
from assize.model.approvals import (
    ApprovalDecision,
    AskingRule,
    HeldFile,
    HeldFinding,
    HeldProgram,
    Hold,
    HoldKind,
    HoldState,
    HoldSummary,
    RequiredApproval,
)
from assize.v1 import hold_pb2

_KIND: Final = "HOLD_KIND_"
_STATE: Final = "HOLD_STATE_"
_DECISION: Final = "APPROVAL_DECISION_"


def kind_to_proto(kind: HoldKind) -> hold_pb2.HoldKind.ValueType:
    """Return the message's value of a kind."""
    return hold_pb2.HoldKind.Value(f"{_KIND}{kind.name}")


def kind_from_proto(number: hold_pb2.HoldKind.ValueType) -> HoldKind:
    """Return the kind of a message's value.

    Raises:
        MalformedAnswer: It is none that we know.
    """
    return HoldKind[_known(hold_pb2.HoldKind.DESCRIPTOR, number, _KIND)]


def state_to_proto(state: HoldState) -> hold_pb2.HoldState.ValueType:
    """Return the message's value of a state."""
    return hold_pb2.HoldState.Value(f"{_STATE}{state.name}")


def state_from_proto(number: hold_pb2.HoldState.ValueType) -> HoldState:
    """Return the state of a message's value.

    Raises:
        MalformedAnswer: It is none that we know.
    """
    return HoldState[_known(hold_pb2.HoldState.DESCRIPTOR, number, _STATE)]


def decision_to_proto(decision: ApprovalDecision) -> hold_pb2.ApprovalDecision.ValueType:
    """Return the message's value of a decision."""
    return hold_pb2.ApprovalDecision.Value(f"{_DECISION}{decision.name}")


def decision_from_proto(number: hold_pb2.ApprovalDecision.ValueType) -> ApprovalDecision:
    """Return the decision of a message's value.

    Raises:
        MalformedAnswer: It is none that we know.
    """
    return ApprovalDecision[_known(hold_pb2.ApprovalDecision.DESCRIPTOR, number, _DECISION)]


def summary_to_proto(hold: HoldSummary) -> hold_pb2.HoldSummary:
    """Return the message of a hold in a line."""
    return hold_pb2.HoldSummary(
        id=hold.id,
        kind=kind_to_proto(hold.kind),
        state=state_to_proto(hold.state),
        detail=hold.detail,
        verification_id=hold.verification_id,
        workspace=hold.workspace,
        submitter=hold.submitter,
        policy=hold.policy,
        rules=hold.rules,
        groups=hold.groups,
        quorum=hold.quorum,
        approvals=hold.approvals,
        effects=hold.effects,
        irreversible=hold.irreversible,
        created_at=hold.created_at,
        expires_at=hold.expires_at,
        sequence=hold.sequence,
    )


def summary_from_proto(message: hold_pb2.HoldSummary) -> HoldSummary:
    """Return the hold of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return HoldSummary(
        id=message.id,
        kind=kind_from_proto(message.kind),
        state=state_from_proto(message.state),
        detail=message.detail,
        verification_id=message.verification_id,
        workspace=message.workspace,
        submitter=message.submitter,
        policy=message.policy,
        rules=tuple(message.rules),
        groups=tuple(message.groups),
        quorum=message.quorum,
        approvals=message.approvals,
        effects=message.effects,
        irreversible=message.irreversible,
        created_at=message.created_at,
        expires_at=message.expires_at,
        sequence=message.sequence,
    )


def hold_to_proto(hold: Hold) -> hold_pb2.Hold:
    """Return the message of a hold."""
    message = hold_pb2.Hold(
        id=hold.id,
        kind=kind_to_proto(hold.kind),
        verification_id=hold.verification_id,
        workspace=hold.workspace,
        base=hold.base,
        result=hold.result,
        submitter=hold.submitter,
        subject=hold.subject,
        policy=hold.policy,
        policy_digest=hold.policy_digest,
        rules=[hold_pb2.AskingRule(id=each.id, why=each.why) for each in hold.rules],
        required=hold_pb2.RequiredApproval(
            groups=hold.required.groups, quorum=hold.required.quorum
        ),
        audience=hold.audience,
        created_at=hold.created_at,
        expires_at=hold.expires_at,
        weighed=map(weighed_to_proto, hold.weighed),
        findings=map(_finding_to_proto, hold.findings),
    )
    if hold.program is not None:
        message.program.CopyFrom(_program_to_proto(hold.program))
    return message


def hold_from_proto(message: hold_pb2.Hold) -> Hold:
    """Return the hold of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return Hold(
        id=message.id,
        kind=kind_from_proto(message.kind),
        verification_id=message.verification_id,
        workspace=message.workspace,
        base=message.base,
        result=message.result,
        submitter=message.submitter,
        subject=message.subject,
        policy=message.policy,
        policy_digest=message.policy_digest,
        rules=tuple(AskingRule(each.id, each.why) for each in message.rules),
        required=RequiredApproval(tuple(message.required.groups), message.required.quorum),
        audience=message.audience,
        created_at=message.created_at,
        expires_at=message.expires_at,
        weighed=tuple(map(weighed_from_proto, message.weighed)),
        program=_program_from_proto(message.program) if message.HasField("program") else None,
        findings=tuple(map(_finding_from_proto, message.findings)),
    )


def _program_to_proto(program: HeldProgram) -> hold_pb2.HeldProgram:
    return hold_pb2.HeldProgram(
        files=[
            hold_pb2.HeldFile(
                path=each.path, digest=each.digest, size_bytes=each.size_bytes, text=each.text
            )
            for each in program.files
        ],
        entry_point=program.entry_point,
        arguments=program.arguments,
        environment=[
            hold_pb2.HeldVariable(name=name, value=value) for name, value in program.environment
        ],
        stdin_digest=program.stdin_digest,
    )


def _program_from_proto(message: hold_pb2.HeldProgram) -> HeldProgram:
    return HeldProgram(
        files=tuple(
            HeldFile(each.path, each.digest, each.size_bytes, each.text) for each in message.files
        ),
        entry_point=message.entry_point,
        arguments=tuple(message.arguments),
        environment=tuple((each.name, each.value) for each in message.environment),
        stdin_digest=message.stdin_digest,
    )


def _finding_to_proto(finding: HeldFinding) -> hold_pb2.HeldFinding:
    return hold_pb2.HeldFinding(
        rule=finding.rule, path=finding.path, line=finding.line, message=finding.message
    )


def _finding_from_proto(message: hold_pb2.HeldFinding) -> HeldFinding:
    return HeldFinding(message.rule, message.path, message.line, message.message)


def _known(enum: EnumDescriptor, number: int, prefix: str) -> str:
    value = enum.values_by_number.get(number)
    if value is None or number == 0:
        text = f"the service answered {enum.name} {number}, which is unknown to this client"
        raise MalformedAnswer(f"{text}; update it")
    return value.name.removeprefix(prefix)
