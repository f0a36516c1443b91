"""`assize.v1.PolicyService`: shows what the service judges by, and what it would say."""

import asyncio
from pathlib import Path
from typing import Any, Final, NoReturn

import grpc

from assize.convert.effects import decision_to_proto, effect_from_proto, weighed_to_proto
from assize.errors import FieldViolation, MalformedAnswer, ReasonCode
from assize.model.effects import Effect
from assize.model.policies import PolicyLayer
from assize.v1 import effects_pb2, policy_pb2, policy_pb2_grpc
from assize_server.core.matching import act_of
from assize_server.core.policy import Policy
from assize_server.core.rules import RENAMES, Approval, fault_of_path
from assize_server.core.weighing import Explanation, Matched, Said, explain, weigh
from assize_server.policies.live import LivePolicies
from assize_server.policies.load import PolicyError, PolicySet
from assize_server.policies.text import effective_text
from assize_server.rpc.admission import UnknownPolicy, policy_named
from assize_server.rpc.refusal import refuse, refuse_fields

MOST_EFFECTS: Final = 10_000


class PolicyService(policy_pb2_grpc.PolicyServiceServicer):
    """Shows the loaded policies, asks them, and has them read anew."""

    def __init__(self, policies: PolicySet) -> None:
        self._policies = policies

    async def ListPolicies(  # noqa: N802 - the name is the API's
        self, request: policy_pb2.ListPoliciesRequest, context: Any
    ) -> policy_pb2.ListPoliciesResponse:
        """Answer with every loaded policy, by name."""
        return policy_pb2.ListPoliciesResponse(policies=map(_summary, self._policies))

    async def GetPolicy(  # noqa: N802
        self, request: policy_pb2.GetPolicyRequest, context: Any
    ) -> policy_pb2.GetPolicyResponse:
        """Answer with one policy as it was written, and with what holds under its name."""
        policies = self._policies.snapshot()
        policy = await _named(policies, request.name, "name", context)
        loaded = policies.loaded(policy.name)
        return policy_pb2.GetPolicyResponse(
            policy=_summary(policy),
            source=loaded.source,
            effective=await asyncio.to_thread(effective_text, loaded),
            layers=map(_layer, policy.layers),
        )

    async def ExplainEffect(  # noqa: N802
        self, request: policy_pb2.ExplainEffectRequest, context: Any
    ) -> policy_pb2.ExplainEffectResponse:
        """Answer which rule decides on an effect, and which others are about it."""
        policy = await _named(self._policies, request.policy, "policy", context)
        effect = await _effect(request.effect, "effect", context)
        return _explained(policy, explain(policy.effects, act_of(effect)))

    async def EvaluateEffects(  # noqa: N802
        self, request: policy_pb2.EvaluateEffectsRequest, context: Any
    ) -> policy_pb2.EvaluateEffectsResponse:
        """Answer what the policy says of a run that changes this. Nothing is kept."""
        policy = await _named(self._policies, request.policy, "policy", context)
        if len(request.effects) > MOST_EFFECTS:
            problem = f"at most {MOST_EFFECTS}, got {len(request.effects)}"
            violation = FieldViolation("effects", problem)
            await refuse_fields(context, [violation], ReasonCode.TOO_LARGE)
        effects = [
            await _effect(each, f"effects[{index}]", context)
            for index, each in enumerate(request.effects)
        ]
        weighing = await asyncio.to_thread(weigh, policy.effects, effects)
        return policy_pb2.EvaluateEffectsResponse(
            policy=_summary(policy),
            decision=decision_to_proto(weighing.decision),
            effects=map(weighed_to_proto, weighing.effects),
            approval=_approval(weighing.approval),
            why=weighing.why,
        )

    async def ReloadPolicies(  # noqa: N802
        self, request: policy_pb2.ReloadPoliciesRequest, context: Any
    ) -> policy_pb2.ReloadPoliciesResponse:
        """Read the files anew; a wrong one is told, and the old policies stay in force."""
        if not isinstance(self._policies, LivePolicies):
            await refuse(
                context,
                grpc.StatusCode.FAILED_PRECONDITION,
                ReasonCode.POLICIES_NOT_RELOADED,
                "this service keeps the policies that it began with; start it anew",
            )
        try:
            change = await asyncio.to_thread(self._policies.reload)
        except PolicyError as error:
            await _refuse_files(error, self._policies.folder, context)
        return policy_pb2.ReloadPoliciesResponse(
            added=change.added, changed=change.changed, removed=change.removed
        )


async def _named(policies: PolicySet, name: str, field: str, context: Any) -> Policy:
    try:
        return policy_named(policies, name)
    except UnknownPolicy as error:
        await refuse_fields(
            context,
            [FieldViolation(field, str(error))],
            ReasonCode.UNKNOWN_POLICY,
            grpc.StatusCode.NOT_FOUND,
        )


async def _effect(message: effects_pb2.Effect, field: str, context: Any) -> Effect:
    try:
        effect = effect_from_proto(message)
    except MalformedAnswer as error:
        await refuse_fields(context, [FieldViolation(field, str(error))])
    paths = {"path": effect.path}
    if effect.source or effect.kind in RENAMES:
        paths["source"] = effect.source
    for name, path in paths.items():
        if fault := fault_of_path(path):
            await refuse_fields(context, [FieldViolation(f"{field}.{name}", fault)])
    return effect


async def _refuse_files(error: PolicyError, folder: Path, context: Any) -> NoReturn:
    # Where the files are on the host is nobody's business.
    lines = str(error).replace(f"{folder}/", "").splitlines()
    await refuse_fields(
        context,
        [FieldViolation("policies", line) for line in lines],
        ReasonCode.POLICIES_NOT_RELOADED,
        grpc.StatusCode.FAILED_PRECONDITION,
    )


def _explained(policy: Policy, found: Explanation) -> policy_pb2.ExplainEffectResponse:
    layers = policy.layers
    return policy_pb2.ExplainEffectResponse(
        policy=_summary(policy),
        decision=_layer_decision(layers[found.layer], found.said),
        layers=[
            _layer_decision(layer, said)
            # A request's layer has no rules of its own.
            for layer, said in zip(layers, found.layers, strict=False)
        ],
        matched=[_matched(layers[each.layer], each) for each in found.matched],
    )


def _layer_decision(layer: PolicyLayer, said: Said) -> policy_pb2.LayerDecision:
    return policy_pb2.LayerDecision(
        layer=_layer(layer),
        decision=decision_to_proto(said.decision),
        rule=said.rule,
        why=said.why,
        approval=_approval(said.approval),
    )


def _matched(layer: PolicyLayer, matched: Matched) -> policy_pb2.MatchedRule:
    return policy_pb2.MatchedRule(
        layer=_layer(layer),
        rule=matched.rule.id,
        decision=decision_to_proto(matched.rule.then),
        why=matched.rule.why,
        decides=matched.decides,
    )


def _approval(approval: Approval | None) -> policy_pb2.ApprovalTerms | None:
    if approval is None:
        return None
    return policy_pb2.ApprovalTerms(
        groups=sorted(approval.groups), quorum=approval.quorum, ttl_seconds=approval.ttl_seconds
    )


def _layer(layer: PolicyLayer) -> policy_pb2.PolicyLayer:
    kind = policy_pb2.LayerKind.Value(f"LAYER_KIND_{layer.kind.name}")
    return policy_pb2.PolicyLayer(kind=kind, name=layer.name, digest=layer.digest)


def _summary(policy: Policy) -> policy_pb2.PolicySummary:
    return policy_pb2.PolicySummary(
        name=policy.name,
        digest=policy.digest,
        owner=policy.owner,
        description=policy.description,
    )
