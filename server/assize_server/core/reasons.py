"""Why each rule of a policy decides on an effect, or why it does not. For people."""

from dataclasses import dataclass

from assize_server.core.coverage import failing
from assize_server.core.matching import Act
from assize_server.core.rules import EffectRules, Rule
from assize_server.core.weighing import Explanation, explain

_CONDITIONS = {"kind": "kind", "path": "path", "table": "table", "over_bytes": "size"}


@dataclass(frozen=True, slots=True)
class RuleReason:
    """What one rule has to do with an effect."""

    layer: int
    """Of which layer; 0 is the org's."""
    rule: Rule
    is_about: bool
    """Whether all that it asks is met."""
    decides: bool
    """Whether it decides in its layer."""
    because: str
    """Why it does, or does not."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why an effect is decided as it is."""

    explanation: Explanation
    rules: tuple[RuleReason, ...]
    """Every rule: by layer, in the order of the file."""


def reasons(layers: tuple[EffectRules, ...], act: Act) -> Reasons:
    """Return what is decided on an act that is alone in its run, and why each rule does or not."""
    explanation = explain(layers, act)
    about = {(each.layer, each.rule.id): each.decides for each in explanation.matched}
    deciding = {each.layer: each.rule for each in explanation.matched if each.decides}
    return Reasons(
        explanation,
        tuple(
            RuleReason(
                layer=number,
                rule=rule,
                is_about=(number, rule.id) in about,
                decides=about.get((number, rule.id), False),
                because=_because(rule, act, deciding.get(number), (number, rule.id) in about),
            )
            for number, layer in enumerate(layers)
            for rule in layer.rules
        ),
    )


def _because(rule: Rule, act: Act, deciding: Rule | None, is_about: bool) -> str:
    if not is_about:
        failed = [_CONDITIONS[name] for name in failing(rule, act)]
        # Of a rename, each condition can be met, and never all of them at one of its paths.
        return f"it is not about this {' and '.join(failed) or 'path'}"
    if deciding is None:
        return "what it is about is denied whatever the rules say"
    if rule.id == deciding.id:
        return "it is the strictest that is about it, and the first of those"
    if rule.then < deciding.then:
        return f"{deciding.id} is stricter"
    return f"{deciding.id} is as strict and comes first"
