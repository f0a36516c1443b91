"""Asks a service about its policies, over a channel that somebody else opens and closes."""

from collections.abc import Iterable

import grpc

from assize.convert.effects import effect_to_proto
from assize.convert.policies import (
    evaluation_from_proto,
    explanation_from_proto,
    policy_from_proto,
    reload_from_proto,
    summary_from_proto,
)
from assize.model.effects import Effect
from assize.model.policies import (
    EffectExplanation,
    Evaluation,
    PolicyReload,
    PolicySummary,
    PolicyText,
)
from assize.status import told_as_assize_errors
from assize.v1 import policy_pb2, policy_pb2_grpc
from assize.wire import DEFAULT_TIMEOUT_SECONDS


class PolicyClient:
    """What a service judges by, and what it would say. May be shared by threads."""

    def __init__(
        self, channel: grpc.Channel, timeout_seconds: float | None = DEFAULT_TIMEOUT_SECONDS
    ) -> None:
        """Prepare to ask; `timeout_seconds` is the deadline of each call, None for none."""
        self._stub = policy_pb2_grpc.PolicyServiceStub(channel)
        self._timeout_seconds = timeout_seconds

    def list(self) -> tuple[PolicySummary, ...]:
        """Return the loaded policies in order of name.

        Raises:
            AssizeError: There is no answer.
        """
        request = policy_pb2.ListPoliciesRequest()
        with told_as_assize_errors():
            answer = self._stub.ListPolicies(request, timeout=self._timeout_seconds)
        return tuple(map(summary_from_proto, answer.policies))

    def get(self, name: str = "") -> PolicyText:
        """Return one policy; an empty name is the default one.

        Raises:
            NotFound: No policy of that name is loaded.
            AssizeError: There is no answer.
        """
        request = policy_pb2.GetPolicyRequest(name=name)
        with told_as_assize_errors():
            return policy_from_proto(self._stub.GetPolicy(request, timeout=self._timeout_seconds))

    def explain(self, effect: Effect, policy: str = "") -> EffectExplanation:
        """Return which rule decides on an effect, in a run of its own, and which others match.

        Raises:
            NotFound: No policy of that name is loaded.
            AssizeError: There is no answer.
        """
        request = policy_pb2.ExplainEffectRequest(policy=policy, effect=effect_to_proto(effect))
        with told_as_assize_errors():
            answer = self._stub.ExplainEffect(request, timeout=self._timeout_seconds)
            return explanation_from_proto(answer)

    def evaluate(self, effects: Iterable[Effect], policy: str = "") -> Evaluation:
        """Return what a policy says of all that a run would change. Nothing is kept.

        Raises:
            NotFound: No policy of that name is loaded.
            AssizeError: There is no answer.
        """
        request = policy_pb2.EvaluateEffectsRequest(
            policy=policy, effects=map(effect_to_proto, effects)
        )
        with told_as_assize_errors():
            answer = self._stub.EvaluateEffects(request, timeout=self._timeout_seconds)
            return evaluation_from_proto(answer)

    def reload(self) -> PolicyReload:
        """Have the service read its policy files anew.

        Raises:
            InvalidRequest: A file is wrong; the policies that held before still do.
            AssizeError: There is no answer.
        """
        request = policy_pb2.ReloadPoliciesRequest()
        with told_as_assize_errors():
            answer = self._stub.ReloadPolicies(request, timeout=self._timeout_seconds)
        return reload_from_proto(answer)
