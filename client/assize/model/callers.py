"""Who asks the service, and in which role."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the service. A closed list."""

    SUBMITTER = "submitter"
    """Has code judged."""
    APPROVER = "approver"
    """Decides about what is held."""
    AUDITOR = "auditor"
    """Reads the audit log."""
    ANONYMOUS = "anonymous"
    """Anybody who can reach a service that was given no credentials file."""
    OPERATOR = "operator"
    """Runs commands on the service's own machine."""
    SERVICE = "service"
    """The service itself: what it does by the clock or at its start."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a call comes from."""

    name: str
    """As the credentials file calls them."""
    role: Role
    """The only role that their credential has."""


ANONYMOUS = Caller("anonymous", Role.ANONYMOUS)
SERVICE = Caller("assize", Role.SERVICE)
