"""Weighs what a run would change by the rules of a policy's layers. It reads no files.

- Each layer decides by itself; the strictest decision holds, and of equally strict layers the first
  (org before team) names the rule.
- A budget counts what its rule allows in this run, in order of path. What goes beyond it is held
  by that rule, and so is all that comes after.
- Of a run, the strictest decision over its effects holds. One approval answers for all that is
  held: by people whom each hold names, as many as the largest quorum, within the shortest time.
  Where no group is named by all of them nobody could approve, which is a denial.
- With no layer there is no policy, and everything is denied.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from assize.model.effects import Decision, Effect, EffectKind, WeighedEffect
from assize_server.core.matching import Act, Finder, act_of, act_of_test
from assize_server.core.rules import (
    DEFAULT_RULE,
    SPECIAL_RULE,
    SPECIAL_WHY,
    Approval,
    EffectRules,
    Rule,
    RuleTest,
    combined,
)

DEFAULT_WHY: Final = {
    Decision.ALLOW: "No rule is about it, and the policy allows what it does not name.",
    Decision.HOLD: "No rule is about it, and a person decides on what the policy does not name.",
    Decision.DENY: "No rule is about it, and the policy denies what it does not name.",
}
NO_POLICY_WHY: Final = "There is no policy, and nothing is allowed without one."
_MOST_COMPILED: Final = 64


@dataclass(frozen=True, slots=True)
class Said:
    """What one layer, or all of them, say of an act."""

    decision: Decision
    rule: str
    """A rule's id, `default` or `fs.special`."""
    why: str
    approval: Approval | None = None
    """Of a hold."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a policy says of a run."""

    effects: tuple[WeighedEffect, ...]
    """In the order they were given."""
    decision: Decision
    """The strictest; ALLOW for a run that changes nothing."""
    approval: Approval | None = None
    """Of a hold: who must agree. Its groups are never empty."""
    why: str = ""
    """Where the decision is stricter than that of any effect: why."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A rule that is about an act."""

    layer: int
    """Of which layer; 0 is the org's."""
    rule: Rule
    decides: bool
    """Whether it is the one that decides in its layer."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an act is decided as it is."""

    said: Said
    """What holds."""
    layer: int
    """Which layer's rule that is; 0 is the org's."""
    layers: tuple[Said, ...]
    """What each layer says by itself."""
    matched: tuple[Matched, ...]
    """All rules that are about it: by layer, the strictest first."""


def weigh(rules: tuple[EffectRules, ...], effects: Sequence[Effect]) -> Weighing:
    """Return what the layers of a policy, the org's first, say of a run's effects."""
    said = decide(rules, [act_of(effect) for effect in effects])
    weighed = tuple(
        WeighedEffect(effect, one.decision, one.rule, one.why)
        for effect, one in zip(effects, said, strict=True)
    )
    decision = max((one.decision for one in said), default=Decision.ALLOW)
    if decision is not Decision.HOLD:
        return Weighing(weighed, decision)
    held = [one for one in said if one.decision is Decision.HOLD]
    approval = _approval(held)
    if approval is None:
        return Weighing(weighed, Decision.DENY, why=_nobody(held))
    return Weighing(weighed, decision, approval)


def decide(rules: tuple[EffectRules, ...], acts: Sequence[Act]) -> tuple[Said, ...]:
    """Return what all layers together say of each act of one run, in the order given."""
    layers = [layer.said_of(acts) for layer in _compiled(rules)]
    if not layers:
        return tuple(Said(Decision.DENY, DEFAULT_RULE, NO_POLICY_WHY) for _ in acts)
    return tuple(map(_strictest, zip(*layers, strict=True)))


def explain(rules: tuple[EffectRules, ...], act: Act) -> Explanation:
    """Return which rules are about an act, in a run of this act alone, and which one decides."""
    compiled = _compiled(rules)
    layers = tuple(layer.said_of([act])[0] for layer in compiled)
    said = decide(rules, [act])[0]
    matched = tuple(
        Matched(index, rule, rule.id == layers[index].rule)
        for index, layer in enumerate(compiled)
        for rule in layer.finder.about(act)
    )
    first = max(range(len(layers)), key=lambda index: layers[index].decision, default=0)
    return Explanation(said, first, layers, matched)


def fault_of_test(rules: EffectRules, test: RuleTest) -> str | None:
    """Return what is wrong with a policy file's own test, None if it holds."""
    said = decide((rules,), [act_of_test(test)])[0]
    if (said.decision, said.rule) == (test.expect, test.by):
        return None
    expected = f"{test.expect.name.lower()} by {test.by}"
    return f"expected {expected}, but it is {said.decision.name.lower()} by {said.rule}"


class _Layer:
    """The rules of one file, ready to be asked."""

    def __init__(self, rules: EffectRules) -> None:
        default = rules.default
        self.finder = Finder(rules.rules)
        self._default = Said(default, DEFAULT_RULE, DEFAULT_WHY[default], rules.approval)

    def said_of(self, acts: Sequence[Act]) -> list[Said]:
        """Return what this file says of each act, in the order given; budgets count by path."""
        said = [self._default] * len(acts)
        tally = _Tally()
        for index in sorted(range(len(acts)), key=lambda index: acts[index].paths):
            said[index] = self._said(acts[index], tally)
        return said

    def _said(self, act: Act, tally: "_Tally") -> Said:
        found = [self.finder.first(path, act) for path in act.paths]
        if act.kind is EffectKind.FS_SPECIAL:
            return _special(found[0])
        if len(found) == 1:
            return self._of_rule(found[0], act, tally)
        # A rename: a rule that is about both of its paths counts it once.
        return max(
            (self._of_rule(rule, act, tally) for rule in dict.fromkeys(found)),
            key=lambda one: one.decision,
        )

    def _of_rule(self, rule: Rule | None, act: Act, tally: "_Tally") -> Said:
        if rule is None:
            return self._default
        if rule.budget is not None:
            return tally.said(rule, act)
        return Said(rule.then, rule.id, rule.why, rule.approval)


@dataclass(slots=True)
class _Tally:
    """What each rule with a budget was asked to allow so far."""

    counts: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    def said(self, rule: Rule, act: Act) -> Said:
        """Count an act, and return what its rule says of it."""
        budget = rule.budget
        count = self.counts[rule.id] = self.counts.get(rule.id, 0) + act.count
        size = self.bytes[rule.id] = self.bytes.get(rule.id, 0) + act.size_bytes
        if budget is not None and budget.count is not None and count > budget.count:
            return _beyond(rule, f"{budget.count} in one run")
        if budget is not None and budget.bytes is not None and size > budget.bytes:
            return _beyond(rule, f"{budget.bytes} bytes in one run")
        return Said(rule.then, rule.id, rule.why)


def _beyond(rule: Rule, allowed: str) -> Said:
    return Said(Decision.HOLD, rule.id, f"Beyond {allowed}. {rule.why}", rule.approval)


def _special(found: Rule | None) -> Said:
    if found is not None and found.then is Decision.DENY:
        return Said(Decision.DENY, found.id, found.why)
    return Said(Decision.DENY, SPECIAL_RULE, SPECIAL_WHY)


def _strictest(said: tuple[Said, ...]) -> Said:
    """Return what holds of what the layers say."""
    first = max(said, key=lambda one: one.decision)
    if first.decision is not Decision.HOLD:
        return first
    held = [one for one in said if one.decision is Decision.HOLD]
    approval = _approval(held)
    if approval is None:
        return Said(Decision.DENY, first.rule, _nobody(held))
    return Said(first.decision, first.rule, first.why, approval)


def _approval(held: Sequence[Said]) -> Approval | None:
    """Return who may agree to all of the holds; None where nobody could."""
    # INVARIANT: a hold that says of nobody that they may agree is a denial, never an allowance.
    approvals = [one.approval for one in held if one.approval is not None]
    approval = combined(approvals) if len(approvals) == len(held) else None
    return approval if approval is not None and approval.groups else None


def _nobody(held: Iterable[Said]) -> str:
    named = ", ".join(dict.fromkeys(one.rule for one in held))
    return f"Nobody could approve it: no group is named by all that hold ({named})."


@lru_cache(maxsize=_MOST_COMPILED)
def _compiled(rules: tuple[EffectRules, ...]) -> tuple[_Layer, ...]:
    return tuple(map(_Layer, rules))
