"""The closed lists. A value that this client does not know is an error, never a guess."""

from google.protobuf.descriptor import EnumDescriptor

from assize.errors import MalformedAnswer
from assize.model.verdict import (
    Assurance,
    CheckStatus,
    Reason,
    Severity,
    Status,
    WorkspaceOutcome,
)
from assize.v1 import verdict_pb2


def status_to_proto(status: Status) -> verdict_pb2.Status.ValueType:
    """Return the message's value of a status."""
    return verdict_pb2.Status.Value(f"STATUS_{status.name}")


def status_from_proto(number: verdict_pb2.Status.ValueType) -> Status:
    """Return the status of a message's value.

    Raises:
        MalformedAnswer: It has none, or one that we do not know.
    """
    name = _known(verdict_pb2.Status.DESCRIPTOR, number, "STATUS_")
    if name not in Status.__members__:
        raise MalformedAnswer("the verdict lacks its status")
    return Status[name]


def reason_to_proto(reason: Reason | None) -> verdict_pb2.Reason.ValueType:
    """Return the message's value of a reason."""
    if reason is None:
        return verdict_pb2.REASON_UNSPECIFIED
    return verdict_pb2.Reason.Value(f"REASON_{reason.name}")


def reason_from_proto(number: verdict_pb2.Reason.ValueType) -> Reason | None:
    """Return the reason of a message's value.

    Raises:
        MalformedAnswer: It is one that we do not know.
    """
    name = _known(verdict_pb2.Reason.DESCRIPTOR, number, "REASON_")
    return None if name == "UNSPECIFIED" else Reason[name]


def assurance_to_proto(assurance: Assurance | None) -> verdict_pb2.Assurance.ValueType:
    """Return the message's value of an assurance."""
    if assurance is None:
        return verdict_pb2.ASSURANCE_UNSPECIFIED
    return verdict_pb2.Assurance.Value(f"ASSURANCE_{assurance.name}")


def assurance_from_proto(number: verdict_pb2.Assurance.ValueType) -> Assurance | None:
    """Return the assurance of a message's value.

    Raises:
        MalformedAnswer: It is one that we do not know.
    """
    name = _known(verdict_pb2.Assurance.DESCRIPTOR, number, "ASSURANCE_")
    return None if name == "UNSPECIFIED" else Assurance[name]


def severity_to_proto(severity: Severity) -> verdict_pb2.Severity.ValueType:
    """Return the message's value of a severity."""
    return verdict_pb2.Severity.Value(f"SEVERITY_{severity.name}")


def severity_from_proto(number: verdict_pb2.Severity.ValueType) -> Severity:
    """Return the severity of a message's value.

    Raises:
        MalformedAnswer: It has none, or one that we do not know.
    """
    name = _known(verdict_pb2.Severity.DESCRIPTOR, number, "SEVERITY_")
    if name not in Severity.__members__:
        raise MalformedAnswer("a finding lacks its severity")
    return Severity[name]


def check_status_to_proto(status: CheckStatus) -> verdict_pb2.CheckStatus.ValueType:
    """Return the message's value of a check's status."""
    return verdict_pb2.CheckStatus.Value(f"CHECK_STATUS_{status.name}")


def check_status_from_proto(number: verdict_pb2.CheckStatus.ValueType) -> CheckStatus:
    """Return the check's status of a message's value.

    Raises:
        MalformedAnswer: It has none, or one that we do not know.
    """
    name = _known(verdict_pb2.CheckStatus.DESCRIPTOR, number, "CHECK_STATUS_")
    if name not in CheckStatus.__members__:
        raise MalformedAnswer("a check's result lacks its status")
    return CheckStatus[name]


def workspace_outcome_to_proto(
    outcome: WorkspaceOutcome,
) -> verdict_pb2.WorkspaceOutcome.ValueType:
    """Return the message's value of an outcome."""
    return verdict_pb2.WorkspaceOutcome.Value(f"WORKSPACE_OUTCOME_{outcome.name}")


def workspace_outcome_from_proto(
    number: verdict_pb2.WorkspaceOutcome.ValueType,
) -> WorkspaceOutcome:
    """Return the outcome of a message's value.

    Raises:
        MalformedAnswer: It has none, or one that we do not know.
    """
    name = _known(verdict_pb2.WorkspaceOutcome.DESCRIPTOR, number, "WORKSPACE_OUTCOME_")
    if name not in WorkspaceOutcome.__members__:
        raise MalformedAnswer("the run over the workspace lacks its outcome")
    return WorkspaceOutcome[name]


def _known(enum: EnumDescriptor, number: int, prefix: str) -> str:
    value = enum.values_by_number.get(number)
    if value is None:
        text = f"the service answered {enum.name} {number}, which is unknown to this client"
        raise MalformedAnswer(f"{text}; update it")
    return value.name.removeprefix(prefix)
