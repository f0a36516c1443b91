"""What can go wrong between a caller and the service. None of these is a verdict about code.

AssizeError
├── InvalidRequest       the request is at fault; `violations` names the fields
│   ├── InvalidFields    found while it was put together or read, before anything was judged
│   ├── NotFound         it names something that the service does not have, such as a policy
│   └── Conflict         what it builds upon has changed, here or there; nothing was overwritten
├── AccessDenied         the service does not let this caller do that
├── Unavailable          no service answers there, it is going away, or the connection broke
├── Overloaded           the service has no room now; `retry_after_seconds` says when to come back
├── DeadlineExceeded     the caller's own deadline passed; the service stopped the run
├── Cancelled            the call was cancelled; the service stopped the run
├── ServiceFailure       the service failed
└── MalformedAnswer      the service answered something that this client does not know

After Unavailable and ServiceFailure the code may have run. The client never asks again by itself;
the caller may, with the same `request_id`, which the service judges once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

ERROR_DOMAIN = "assize.dev"
"""The domain of our `google.rpc.ErrorInfo`."""


class ReasonCode(StrEnum):
    """Why the service refused: stable, the `reason` of `google.rpc.ErrorInfo`."""

    INVALID_REQUEST = "INVALID_REQUEST"
    """A field is missing, malformed or out of its bounds."""
    TOO_LARGE = "TOO_LARGE"
    """The request is larger than the service takes."""
    UNKNOWN_POLICY = "UNKNOWN_POLICY"
    """No policy of that name is loaded."""
    ISOLATION_TOO_WEAK = "ISOLATION_TOO_WEAK"
    """The policy asks for an engine or a barrier that the service does not have."""
    UNKNOWN_WORKSPACE = "UNKNOWN_WORKSPACE"
    """There is no such workspace, snapshot or file for this caller."""
    UNKNOWN_VERIFICATION = "UNKNOWN_VERIFICATION"
    """There is no verdict or attestation of that id for this caller."""
    LOOSER_THAN_POLICY = "LOOSER_THAN_POLICY"
    """A limit asks for more than the policy allows."""
    POLICIES_NOT_RELOADED = "POLICIES_NOT_RELOADED"
    """A policy file is wrong, so that the old policies stay in force."""
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    """The request id belongs to a request with other content."""
    NO_SUCH_ENTRY = "NO_SUCH_ENTRY"
    """The audit log has no such entry or state."""
    LOG_BROKEN = "LOG_BROKEN"
    """The audit log does not continue what the service signed before."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """The call has no credential, or one that the service does not know."""
    FORBIDDEN = "FORBIDDEN"
    """The caller's role may not do that."""
    OVERLOADED = "OVERLOADED"
    """No room now; come back."""
    DRAINING = "DRAINING"
    """The service is going away and takes nothing new. Nothing was run."""
    WORKSPACE_EXISTS = "WORKSPACE_EXISTS"
    """The name of the workspace is taken."""
    HEAD_MOVED = "HEAD_MOVED"
    """The head of the workspace is not the expected one."""
    OVER_QUOTA = "OVER_QUOTA"
    """A workspace or its owner would hold more than it may."""
    STORE_DAMAGED = "STORE_DAMAGED"
    """Objects that a snapshot needs are missing or corrupt."""
    INTERNAL = "INTERNAL"
    """The service failed."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of a request, as a path such as `spec.checks[0].stdout`, and its fault."""

    field: str
    description: str


class AssizeError(Exception):
    """Something went wrong; it says nothing about the code under test."""

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        """A `ReasonCode` where the service gave one, else empty. A newer service may know more."""


class InvalidRequest(AssizeError):
    """The request is at fault and nothing was run."""

    def __init__(
        self, message: str, *, reason: str = "", violations: Sequence[FieldViolation] = ()
    ) -> None:
        super().__init__(message, reason=reason)
        self.violations = tuple(violations)


class InvalidFields(InvalidRequest):
    """Fields of a message are malformed."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        text = "; ".join(f"{each.field}: {each.description}" for each in violations)
        super().__init__(text, reason=ReasonCode.INVALID_REQUEST, violations=violations)


class NotFound(InvalidRequest):
    """The request names something that the service does not have."""


class Conflict(InvalidRequest):
    """What the request builds upon has changed. Nothing was overwritten."""


class AccessDenied(AssizeError):
    """The service does not let this caller do that."""


class Unavailable(AssizeError):
    """No service answers, or it is going away, or the connection broke on the way."""


class Overloaded(AssizeError):
    """The service has no room now. Nothing was run."""

    def __init__(
        self, message: str, *, reason: str = "", retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_seconds = retry_after_seconds
        """When to come back, where the service said so."""


class DeadlineExceeded(AssizeError):
    """The caller's deadline passed before there was a verdict."""


class Cancelled(AssizeError):
    """The call was cancelled."""


class ServiceFailure(AssizeError):
    """The service failed; whether the code ran is not known."""


class MalformedAnswer(AssizeError):
    """The service answered something that this client does not know; update the client."""
