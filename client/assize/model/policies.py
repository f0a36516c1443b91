"""Policies as the service tells of them: what they are made of, and what they say of effects."""

from dataclasses import dataclass
from enum import StrEnum

from assize.model.effects import Decision, WeighedEffect


class LayerKind(StrEnum):
    """Whose word a layer is. Each can only tighten what those above it say."""

    ORG = "org"
    TEAM = "team"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class PolicySummary:
    """One policy in short."""

    name: str
    """What requests call it."""
    digest: str
    """SHA-256, in hex, of what it means, over all of its layers."""
    owner: str
    """Who answers for it."""
    description: str
    """What it is for."""


@dataclass(frozen=True, slots=True)
class PolicyLayer:
    """One of the texts that a policy is made of."""

    kind: LayerKind
    """Whose word it is."""
    name: str
    """The name of its file."""
    digest: str
    """SHA-256, in hex, of what it means by itself."""


@dataclass(frozen=True, slots=True)
class PolicyText:
    """One policy, the file that it was loaded from, and what holds under its name."""

    summary: PolicySummary
    """It in short."""
    source: str
    """The YAML file as it was written."""
    effective: str = ""
    """What holds over all layers, YAML for people."""
    layers: tuple[PolicyLayer, ...] = ()
    """What it is made of, the organisation's first."""


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """Who must agree before what is held goes on."""

    groups: tuple[str, ...]
    """A person of any of these counts. In order of name."""
    quorum: int
    """How many different people."""
    ttl_seconds: int
    """How long the hold waits before it is denied."""


@dataclass(frozen=True, slots=True)
class LayerDecision:
    """What a layer says of an effect."""

    layer: PolicyLayer
    """Whose layer it is."""
    decision: Decision
    """What it says."""
    rule: str
    """The id of the rule that decides, `default`, or `fs.special`."""
    why: str
    """Why that rule is there."""
    approval: ApprovalTerms | None = None
    """Of a hold: who must agree."""


@dataclass(frozen=True, slots=True)
class MatchedRule:
    """A rule that is about an effect."""

    layer: PolicyLayer
    """Whose rule it is."""
    rule: str
    """Its id."""
    decision: Decision
    """What it says where it decides."""
    why: str
    """Why it is there."""
    decides: bool
    """Whether it decides in its layer."""


@dataclass(frozen=True, slots=True)
class EffectExplanation:
    """Why an effect is decided as it is."""

    policy: PolicySummary
    """The policy that was asked."""
    decision: LayerDecision
    """What is decided, by which rule, and why."""
    layers: tuple[LayerDecision, ...]
    """What each layer says by itself, the organisation's first."""
    matched: tuple[MatchedRule, ...]
    """Every rule that is about the effect: by layer, the strictest first."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a policy says of a run."""

    policy: PolicySummary
    """The policy that was asked."""
    decision: Decision
    """The strictest over the effects."""
    effects: tuple[WeighedEffect, ...]
    """Each effect with what is decided, in the order given."""
    approval: ApprovalTerms | None = None
    """Of a hold: who must agree."""
    why: str = ""
    """Where the decision is stricter than that of any effect: why."""


@dataclass(frozen=True, slots=True)
class PolicyReload:
    """What reading the policy files anew changed, by name."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Those of another digest than before."""
    removed: tuple[str, ...] = ()
