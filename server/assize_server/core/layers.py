"""What is left of a policy when a lower layer tightens it. It reads no files.

Layers are org > team > request. `meet` takes of each value the tighter one:

- limits: the smaller; assurance, isolation, mypy: the stronger; feedback: the least.
- ruff: what either selects or blocks, and only what both leave out by the very same prefix.
- suppressions count only where both let them; objects are refused where either refuses them.
- engines: those that both allow. Static rules: what either looks for, with the stricter outcome.
- effects: the rules of both, each weighed by itself (`weighing.py`).

`loosenings` names what a lower layer would loosen, for which it is refused where it is read.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from assize.model.policies import LayerKind, PolicyLayer
from assize.model.submission import RequestedLimits
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness
from assize_server.core.feedback import Feedback
from assize_server.core.isolation import EngineDemand
from assize_server.core.policy import Policy, effective_limits
from assize_server.core.rules import Approval, combined
from assize_server.core.static_gates import StaticGates

_MYPY: Final = (MypyStrictness.OFF, MypyStrictness.STANDARD, MypyStrictness.STRICT)
"""From lax to strict."""
_FEEDBACK: Final = (Feedback.FULL, Feedback.INPUTS, Feedback.VERDICT)
"""From the most that is told to the least."""
_MB: Final = 1024 * 1024

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loosening:
    """A value of a lower layer that is looser than the one above."""

    place: Place
    """The key in a policy file, by parts."""
    upper: str
    """The value that it would loosen, as a file writes it."""


def meet(upper: Policy, lower: Policy) -> Policy:
    """Return the policy that is as tight as both: what holds where `lower` is below `upper`.

    Name, owner and description are those of `lower`; the digest is that of all layers.
    """
    layers = upper.layers + lower.layers
    return replace(
        lower,
        digest=chain_digest(layers),
        limits=_limits(upper.limits, lower.limits),
        analysis=_analysis(upper.analysis, lower.analysis),
        least_assurance=max(upper.least_assurance, lower.least_assurance),
        refuses_objects=upper.refuses_objects or lower.refuses_objects,
        feedback=max(upper.feedback, lower.feedback, key=_FEEDBACK.index),
        engine=_engine(upper.engine, lower.engine),
        static=_static(upper.static, lower.static),
        effects=upper.effects + lower.effects,
        layers=layers,
    )


def requested(policy: Policy, limits: RequestedLimits) -> Policy:
    """Return what holds for a request: the policy, and as its lowest layer what is asked.

    A request that asks for nothing has no layer of its own, and the policy's very digest.

    Raises:
        LooserThanPolicy: It asks for more than the policy allows, or for what nothing can run in.
    """
    allowed = effective_limits(policy, limits)
    asked = {
        each.name: getattr(limits, each.name)
        for each in fields(limits)
        if getattr(limits, each.name) is not None
    }
    if not asked:
        return policy
    layers = (
        *policy.layers,
        PolicyLayer(LayerKind.REQUEST, policy.name, _digest({"limits": asked})),
    )
    return replace(policy, limits=allowed, layers=layers, digest=chain_digest(layers))


def chain_digest(layers: Sequence[PolicyLayer]) -> str:
    """Return the one digest of all layers. That of a single one is its own."""
    if len(layers) == 1:
        return layers[0].digest
    return _digest({"layers": [[layer.kind.value, layer.digest] for layer in layers]})


def loosenings(upper: Policy, lower: Policy) -> tuple[Loosening, ...]:
    """Return every value of `lower` that is looser than that of `upper`, by key.

    What a lower layer adds to a list that only tightens cannot be one, nor can its effect rules.
    """
    return tuple(_loosenings(upper, lower))


def _loosenings(upper: Policy, lower: Policy) -> Iterator[Loosening]:
    yield from _looser_limits(upper.limits, lower.limits)
    yield from _looser_analysis(upper.analysis, lower.analysis)
    if lower.least_assurance < upper.least_assurance:
        yield Loosening(("assurance", "least"), upper.least_assurance.name.lower())
    if upper.refuses_objects and not lower.refuses_objects:
        yield Loosening(("assurance", "objects"), "refuse")
    if lower.engine.least_isolation < upper.engine.least_isolation:
        level = upper.engine.least_isolation.name.lower()
        yield Loosening(("engine", "least_isolation"), level)
    if not lower.engine.allow <= upper.engine.allow:
        yield Loosening(("engine", "allow"), _listed(upper.engine.allow))
    if _FEEDBACK.index(lower.feedback) < _FEEDBACK.index(upper.feedback):
        yield Loosening(("feedback", "to_submitter"), upper.feedback.value)
    if upper.static.approval and lower.static.approval:
        yield from _looser_approval(upper.static.approval, lower.static.approval)


def _looser_limits(upper: Limits, lower: Limits) -> Iterator[Loosening]:
    for name, above in _flat(upper).items():
        if _flat(lower)[name] > above:
            value = above // _MB if name in _IN_MEGABYTES else above
            key = _IN_MEGABYTES.get(name, name)
            yield Loosening(("limits", key), str(value).removesuffix(".0"))


_IN_MEGABYTES: Final = {
    "memory_bytes": "memory_mb",
    "disk_bytes": "disk_mb",
    "output_bytes": "output_mb",
    "file_bytes": "file_mb",
}


def _looser_analysis(upper: AnalysisSettings, lower: AnalysisSettings) -> Iterator[Loosening]:
    ruff = ("analysis", "ruff")
    if not set(upper.ruff_select) <= set(lower.ruff_select):
        yield Loosening((*ruff, "select"), _listed(upper.ruff_select))
    if not set(lower.ruff_ignore) <= set(upper.ruff_ignore):
        yield Loosening((*ruff, "ignore"), _listed(upper.ruff_ignore))
    if not set(upper.ruff_block) <= set(lower.ruff_block):
        yield Loosening((*ruff, "block"), _listed(upper.ruff_block))
    if _MYPY.index(lower.mypy) < _MYPY.index(upper.mypy):
        yield Loosening(("analysis", "mypy", "strictness"), upper.mypy.value)
    if upper.mypy_block and not lower.mypy_block:
        yield Loosening(("analysis", "mypy", "block"), "true")
    if lower.honor_suppressions and not upper.honor_suppressions:
        yield Loosening(("analysis", "suppressions"), "ignore")


def _looser_approval(upper: Approval, lower: Approval) -> Iterator[Loosening]:
    place = ("static", "approval")
    if not lower.groups <= upper.groups:
        yield Loosening((*place, "groups"), _listed(upper.groups))
    if lower.quorum < upper.quorum:
        yield Loosening((*place, "quorum"), str(upper.quorum))
    if lower.ttl_seconds > upper.ttl_seconds:
        yield Loosening((*place, "ttl"), f"{upper.ttl_seconds}s")


def _listed(values: Sequence[str] | frozenset[str]) -> str:
    return f"[{', '.join(sorted(values))}]"


def _flat(limits: Limits) -> dict[str, int | float]:
    """Return all limits by name, those of the shape among them."""
    flat = {each.name: getattr(limits, each.name) for each in fields(Limits)}
    del flat["shape"]
    return flat | {each.name: getattr(limits.shape, each.name) for each in fields(Shape)}


def _limits(upper: Limits, lower: Limits) -> Limits:
    above, below = upper.shape, lower.shape
    return Limits(
        shape=Shape(
            memory_bytes=min(above.memory_bytes, below.memory_bytes),
            pids=min(above.pids, below.pids),
            cpu_cores=min(above.cpu_cores, below.cpu_cores),
            disk_bytes=min(above.disk_bytes, below.disk_bytes),
            disk_inodes=min(above.disk_inodes, below.disk_inodes),
        ),
        wall_seconds=min(upper.wall_seconds, lower.wall_seconds),
        cpu_seconds=min(upper.cpu_seconds, lower.cpu_seconds),
        output_bytes=min(upper.output_bytes, lower.output_bytes),
        file_bytes=min(upper.file_bytes, lower.file_bytes),
        open_files=min(upper.open_files, lower.open_files),
    )


def _analysis(upper: AnalysisSettings, lower: AnalysisSettings) -> AnalysisSettings:
    return AnalysisSettings(
        ruff_select=_union(upper.ruff_select, lower.ruff_select),
        # SECURITY: by the very prefix. What one ignores in part of what the other ignores may be
        # selected there by a longer prefix, and would then be looked for no more.
        ruff_ignore=tuple(each for each in upper.ruff_ignore if each in lower.ruff_ignore),
        ruff_block=_union(upper.ruff_block, lower.ruff_block),
        mypy=max(upper.mypy, lower.mypy, key=_MYPY.index),
        mypy_block=upper.mypy_block or lower.mypy_block,
        honor_suppressions=upper.honor_suppressions and lower.honor_suppressions,
    )


def _union(upper: tuple[str, ...], lower: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*upper, *lower)))


def _engine(upper: EngineDemand, lower: EngineDemand) -> EngineDemand:
    return EngineDemand(
        max(upper.least_isolation, lower.least_isolation), upper.allow & lower.allow
    )


def _static(upper: StaticGates, lower: StaticGates) -> StaticGates:
    # A hold without anybody to ask is one that nobody can end, in whichever layer it is.
    nobody = Approval(frozenset(), 1, 0)
    approvals = [each.approval or nobody for each in (upper, lower) if each.hold]
    return StaticGates(
        warn=upper.warn | lower.warn,
        hold=upper.hold | lower.hold,
        fail=upper.fail | lower.fail,
        approval=combined(approvals),
    )


def _digest(meaning: object) -> str:
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
