"""What can go wrong with holds and grants. A refused token is `assize.approvals.refusals.Refused`.

SandboxError
└── ApprovalError
    ├── ApproversError     approvers.yaml is wrong; nobody may approve by it
    ├── UnknownHold        there is no such hold, or not for this caller
    ├── UnknownGrant       there is no such grant
    ├── TooManyHolds       the submitter has as many pending as may be
    ├── HoldTooLarge       no person could look through it
    ├── SecondHold         the run has one at that gate
    ├── NotRedeemable      the approval was used, or is none
    └── GrantExhausted     the grants no longer reach
"""

from assize_sandbox.errors import SandboxError


class ApprovalError(SandboxError):
    """Something about holds, approvals or grants."""


class ApproversError(ApprovalError):
    """`approvers.yaml` is wrong."""


class UnknownHold(ApprovalError):
    """There is no such hold for this caller."""


class UnknownGrant(ApprovalError):
    """There is no such grant."""


class TooManyHolds(ApprovalError):
    """The submitter, or everybody together, has as many pending holds as may be."""


class HoldTooLarge(ApprovalError):
    """The effects are more than a hold may show; treat the run as denied."""


class SecondHold(ApprovalError):
    """The run has a hold at that gate already."""


class NotRedeemable(ApprovalError):
    """The approval cannot be used: it was used, has expired, or there is none."""


class GrantExhausted(ApprovalError):
    """A grant was revoked, or used up, since it was chosen: the run must be held."""
