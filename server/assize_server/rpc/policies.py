"""`assize.v1.PolicyService`: shows what the service judges by."""

from typing import Any

import grpc

from assize.errors import FieldViolation, ReasonCode
from assize.v1 import policy_pb2, policy_pb2_grpc
from assize_server.core.policy import Policy
from assize_server.policies.load import PolicySet
from assize_server.rpc.admission import UnknownPolicy, policy_named
from assize_server.rpc.refusal import refuse_fields


class PolicyService(policy_pb2_grpc.PolicyServiceServicer):
    """Lists and shows the loaded policies."""

    def __init__(self, policies: PolicySet) -> None:
        self._policies = policies

    async def ListPolicies(  # noqa: N802 - the name is the API's
        self, request: policy_pb2.ListPoliciesRequest, context: Any
    ) -> policy_pb2.ListPoliciesResponse:
        """Answer with every loaded policy, by name."""
        return policy_pb2.ListPoliciesResponse(
            policies=[_summary(policy) for policy in self._policies]
        )

    async def GetPolicy(  # noqa: N802
        self, request: policy_pb2.GetPolicyRequest, context: Any
    ) -> policy_pb2.GetPolicyResponse:
        """Answer with one policy as it was written."""
        try:
            policy = policy_named(self._policies, request.name)
        except UnknownPolicy as error:
            await refuse_fields(
                context,
                [FieldViolation("name", str(error))],
                ReasonCode.UNKNOWN_POLICY,
                grpc.StatusCode.NOT_FOUND,
            )
        return policy_pb2.GetPolicyResponse(
            policy=_summary(policy), source=self._policies.source(policy.name)
        )


def _summary(policy: Policy) -> policy_pb2.PolicySummary:
    return policy_pb2.PolicySummary(
        name=policy.name,
        digest=policy.digest,
        owner=policy.owner,
        description=policy.description,
    )
