"""Policies, as the service shows them."""

from dataclasses import dataclass

from assize.v1 import policy_pb2


@dataclass(frozen=True, slots=True)
class PolicySummary:
    """One policy in short; `digest` is the SHA-256 of its canonical form."""

    name: str
    digest: str
    owner: str
    description: str


@dataclass(frozen=True, slots=True)
class PolicyText:
    """One policy and the YAML file that it was loaded from."""

    summary: PolicySummary
    source: str


def summary_from_proto(message: policy_pb2.PolicySummary) -> PolicySummary:
    """Return the summary of a message."""
    return PolicySummary(message.name, message.digest, message.owner, message.description)


def policy_from_proto(message: policy_pb2.GetPolicyResponse) -> PolicyText:
    """Return the policy of a message."""
    return PolicyText(summary_from_proto(message.policy), message.source)
