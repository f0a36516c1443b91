"""Why a token is refused: a closed list, the same for whoever signs and whoever checks."""

from enum import StrEnum

from assize.errors import AssizeError


class RefusalCode(StrEnum):
    """Why: stable, the `reason` of `google.rpc.ErrorInfo`."""

    TOO_LARGE_TOKEN = "TOO_LARGE_TOKEN"  # noqa: S105 - the code's name
    """The envelope is larger than any sound one."""
    MALFORMED_TOKEN = "MALFORMED_TOKEN"  # noqa: S105
    """Envelope or statement is not of the one form that is taken."""
    WRONG_PAYLOAD_TYPE = "WRONG_PAYLOAD_TYPE"
    """The envelope says that it holds something else."""
    WRONG_PREDICATE = "WRONG_PREDICATE"
    """The statement is of another kind, such as a grant where an approval is expected."""
    UNKNOWN_KEY = "UNKNOWN_KEY"
    """No approver has that key."""
    REVOKED_KEY = "REVOKED_KEY"
    """The key was revoked."""
    BAD_SIGNATURE = "BAD_SIGNATURE"
    """The signature does not belong to the payload and the key."""
    OTHER_HOLD = "OTHER_HOLD"
    """It decides another hold."""
    OTHER_SUBJECT = "OTHER_SUBJECT"
    """It is about other effects, or another submission."""
    OTHER_BASE = "OTHER_BASE"
    """It is about another base snapshot."""
    OTHER_RESULT = "OTHER_RESULT"
    """It is about another result."""
    OTHER_WORKSPACE = "OTHER_WORKSPACE"
    """It is about another workspace."""
    OTHER_POLICY = "OTHER_POLICY"
    """It was given under another policy, or the policy has changed since."""
    OTHER_VERIFICATION = "OTHER_VERIFICATION"
    """It is about another run."""
    OTHER_AUDIENCE = "OTHER_AUDIENCE"
    """It is meant for another service."""
    OTHER_SHOWN = "OTHER_SHOWN"
    """The person was shown something else."""
    WRONG_NONCE = "WRONG_NONCE"
    """Its nonce is not the hold's."""
    NOT_YET_VALID = "NOT_YET_VALID"
    """Its time has not begun."""
    EXPIRED = "EXPIRED"
    """Its time, or the hold's, is over."""
    SUBMITTER = "SUBMITTER"
    """Whoever submitted a run cannot approve it."""
    NOT_IN_GROUP = "NOT_IN_GROUP"
    """The person is in none of the groups that can approve it."""
    REASON_MISSING = "REASON_MISSING"
    """A denial says why."""
    NOT_PENDING = "NOT_PENDING"
    """The hold has been decided."""
    ALREADY_RECORDED = "ALREADY_RECORDED"
    """The person's decision, or the grant, is recorded already."""
    TOO_WIDE = "TOO_WIDE"
    """The grant is for too long or for too much."""
    UNKNOWN_HOLD = "UNKNOWN_HOLD"
    """There is no such hold for this caller."""
    UNKNOWN_GRANT = "UNKNOWN_GRANT"
    """There is no such grant."""


class Refused(AssizeError):
    """A token is not taken; `code` says why."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message, reason=code)
        self.code = code
