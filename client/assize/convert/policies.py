"""Policies: from messages to records."""

from assize.convert.effects import decision_from_proto, weighed_from_proto
from assize.errors import MalformedAnswer
from assize.model.policies import (
    ApprovalTerms,
    EffectExplanation,
    Evaluation,
    LayerDecision,
    LayerKind,
    MatchedRule,
    PolicyLayer,
    PolicyReload,
    PolicySummary,
    PolicyText,
)
from assize.v1 import policy_pb2

__all__ = [
    "PolicySummary",
    "PolicyText",
    "evaluation_from_proto",
    "explanation_from_proto",
    "policy_from_proto",
    "reload_from_proto",
    "summary_from_proto",
]


def summary_from_proto(message: policy_pb2.PolicySummary) -> PolicySummary:
    """Return the summary of a message."""
    return PolicySummary(message.name, message.digest, message.owner, message.description)


def policy_from_proto(message: policy_pb2.GetPolicyResponse) -> PolicyText:
    """Return the policy of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return PolicyText(
        summary_from_proto(message.policy),
        message.source,
        message.effective,
        tuple(map(_layer, message.layers)),
    )


def explanation_from_proto(message: policy_pb2.ExplainEffectResponse) -> EffectExplanation:
    """Return the explanation of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return EffectExplanation(
        summary_from_proto(message.policy),
        _layer_decision(message.decision),
        tuple(map(_layer_decision, message.layers)),
        tuple(map(_matched, message.matched)),
    )


def evaluation_from_proto(message: policy_pb2.EvaluateEffectsResponse) -> Evaluation:
    """Return the evaluation of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return Evaluation(
        summary_from_proto(message.policy),
        decision_from_proto(message.decision),
        tuple(map(weighed_from_proto, message.effects)),
        _approval(message.approval) if message.HasField("approval") else None,
        message.why,
    )


def reload_from_proto(message: policy_pb2.ReloadPoliciesResponse) -> PolicyReload:
    """Return what a reload changed."""
    return PolicyReload(tuple(message.added), tuple(message.changed), tuple(message.removed))


def _layer(message: policy_pb2.PolicyLayer) -> PolicyLayer:
    try:
        name = policy_pb2.LayerKind.Name(message.kind).removeprefix("LAYER_KIND_")
        kind = LayerKind[name]
    except (KeyError, ValueError) as error:
        raise MalformedAnswer(f"a layer of an unknown kind, {message.kind}") from error
    return PolicyLayer(kind, message.name, message.digest)


def _layer_decision(message: policy_pb2.LayerDecision) -> LayerDecision:
    return LayerDecision(
        layer=_layer(message.layer),
        decision=decision_from_proto(message.decision),
        rule=message.rule,
        why=message.why,
        approval=_approval(message.approval) if message.HasField("approval") else None,
    )


def _matched(message: policy_pb2.MatchedRule) -> MatchedRule:
    return MatchedRule(
        layer=_layer(message.layer),
        rule=message.rule,
        decision=decision_from_proto(message.decision),
        why=message.why,
        decides=message.decides,
    )


def _approval(message: policy_pb2.ApprovalTerms) -> ApprovalTerms:
    return ApprovalTerms(tuple(message.groups), message.quorum, message.ttl_seconds)
