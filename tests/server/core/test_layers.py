"""What is left of a policy under its layers: never looser than any, in any order, said twice."""

from dataclasses import astuple, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import policies as drawn

from assize.model.policies import LayerKind
from assize.model.submission import RequestedLimits
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness, covers
from assize_server.core.feedback import Feedback
from assize_server.core.layers import chain_digest, loosenings, meet, requested
from assize_server.core.policy import LooserThanPolicy, Policy
from assize_server.core.static_gates import Gate

RULES = ("E901", "F401", "F821", "F822", "S101", "S602", "PLE0101", "B006")
STATIC_RULES = ("delete", "sql", "shell", "net", "other")
TOLD = (Feedback.FULL, Feedback.INPUTS, Feedback.VERDICT)
CHECKED = (MypyStrictness.OFF, MypyStrictness.STANDARD, MypyStrictness.STRICT)


def looked_for(settings: AnalysisSettings, rule: str) -> bool:
    """Say whether ruff looks for a rule: the longer prefix wins, `ignore` among equals."""
    selected = max((len(each) for each in settings.ruff_select if covers(each, rule)), default=0)
    ignored = max((len(each) for each in settings.ruff_ignore if covers(each, rule)), default=0)
    return selected > ignored


def failing(settings: AnalysisSettings) -> set[str]:
    """Return the rules whose findings fail a verification."""
    return {rule for rule in RULES if looked_for(settings, rule) and settings.blocks(rule)}


def outcome(policy: Policy, rule: str) -> int:
    """Return how strict a policy is about a static rule."""
    gate = policy.static.gate_of(rule)
    return 0 if gate is None else gate


def is_as_tight(tight: Policy, loose: Policy) -> bool:
    """Say whether nothing that `tight` says beside its effect rules is looser."""
    limits = (tight.limits, loose.limits)
    a, b = tight.analysis, loose.analysis
    return all(
        (
            all(
                getattr(limits[0], each.name) <= getattr(limits[1], each.name)
                for each in fields(Limits)
                if each.name != "shape"
            ),
            all(
                one <= other
                for one, other in zip(
                    astuple(limits[0].shape), astuple(limits[1].shape), strict=True
                )
            ),
            all(looked_for(a, rule) or not looked_for(b, rule) for rule in RULES),
            failing(a) >= failing(b),
            CHECKED.index(a.mypy) >= CHECKED.index(b.mypy),
            a.mypy_block or not b.mypy_block,
            b.honor_suppressions or not a.honor_suppressions,
            tight.least_assurance >= loose.least_assurance,
            tight.refuses_objects or not loose.refuses_objects,
            TOLD.index(tight.feedback) >= TOLD.index(loose.feedback),
            tight.engine.least_isolation >= loose.engine.least_isolation,
            tight.engine.allow <= loose.engine.allow,
            all(outcome(tight, rule) >= outcome(loose, rule) for rule in STATIC_RULES),
        )
    )


def meaning(policy: Policy) -> object:
    """Return what a policy says beside its effect rules, without what order cannot change."""
    analysis = policy.analysis
    lists = (analysis.ruff_select, analysis.ruff_ignore, analysis.ruff_block)
    scalars = (analysis.mypy, analysis.mypy_block, analysis.honor_suppressions)
    rest = (policy.least_assurance, policy.refuses_objects, policy.feedback, policy.engine)
    return (policy.limits, policy.static, tuple(map(frozenset, lists)), scalars, rest)


@given(st.lists(drawn.policies(), min_size=2, max_size=4))
def test_effective_policy_is_as_tight_as_each_of_its_layers(layers: list[Policy]) -> None:
    """Whatever the layers say, none of them is loosened by another."""
    effective = layers[0]
    for layer in layers[1:]:
        effective = meet(effective, layer)
    assert all(is_as_tight(effective, layer) for layer in layers)
    assert effective.effects == tuple(rules for layer in layers for rules in layer.effects)


@given(drawn.policies(), drawn.policies(), drawn.policies())
def test_layers_meet_in_any_order_and_grouping_and_once_is_enough(
    a: Policy, b: Policy, c: Policy
) -> None:
    """Commutative, associative, idempotent, but for the order of rules, lists and names."""
    assert meaning(meet(a, b)) == meaning(meet(b, a))
    assert meaning(meet(meet(a, b), c)) == meaning(meet(a, meet(b, c)))
    assert meaning(meet(a, a)) == meaning(a)


@given(drawn.policies(), drawn.policies())
def test_what_is_named_as_loosening_is_what_would_be_looser(a: Policy, b: Policy) -> None:
    """What meets the policy above it loosens nothing; what names no loosening is as tight."""
    assert loosenings(a, meet(a, b)) == ()
    if not loosenings(a, replace(b, static=meet(a, b).static)):
        assert is_as_tight(replace(b, static=meet(a, b).static), a)


def test_each_loosening_is_named_by_key_with_the_value_above() -> None:
    """So that the line of the file can be told, and what it may be."""
    shape = Shape(memory_bytes=512 << 20, pids=64, cpu_cores=1.0, disk_bytes=1, disk_inodes=1)
    above = drawn.policy(Limits(shape, wall_seconds=30))
    looser_shape = replace(shape, memory_bytes=513 << 20)
    below = replace(
        above,
        limits=Limits(looser_shape, wall_seconds=31),
        feedback=Feedback.FULL,
        refuses_objects=False,
        analysis=replace(above.analysis, mypy=MypyStrictness.OFF, ruff_ignore=("S101", "F")),
    )
    assert {(".".join(each.place), each.upper) for each in loosenings(above, below)} == {
        ("limits.wall_seconds", "30"),
        ("limits.memory_mb", "512"),
        ("feedback.to_submitter", "verdict"),
        ("assurance.objects", "refuse"),
        ("analysis.mypy.strictness", "strict"),
        ("analysis.ruff.ignore", "[S101]"),
    }


def test_narrower_ignore_of_another_layer_does_not_hide_what_one_selects() -> None:
    """`S101` that only one layer ignores is looked for, however the other ignores its group."""
    base = drawn.policy(Limits())
    one = replace(base.analysis, ruff_select=("S10",), ruff_ignore=("S",))
    other = replace(base.analysis, ruff_select=("S",), ruff_ignore=("S101",))
    effective = meet(replace(base, analysis=one), replace(base, analysis=other)).analysis
    assert looked_for(one, "S101")
    assert looked_for(effective, "S101")


@given(drawn.policies(), drawn.policies())
def test_hold_before_execution_that_nobody_could_end_fails(a: Policy, b: Policy) -> None:
    """Groups intersect; with none left, nothing waits for ever and nothing slips through."""
    static = meet(a, b).static
    for rule in static.hold - static.fail:
        nobody = static.approval is None or not static.approval.groups
        assert static.gate_of(rule) is (Gate.FAIL if nobody else Gate.HOLD)


def test_request_is_the_lowest_layer_and_changes_the_digest() -> None:
    """What is asked for is part of what is pinned; asking for nothing changes nothing."""
    policy = drawn.policy(Limits())
    assert requested(policy, RequestedLimits()) is policy
    tighter = requested(policy, RequestedLimits(pids=8))
    other = requested(policy, RequestedLimits(pids=9))
    assert tighter.limits.shape.pids == 8
    assert [layer.kind for layer in tighter.layers] == [LayerKind.ORG, LayerKind.REQUEST]
    assert len({policy.digest, tighter.digest, other.digest}) == 3
    assert tighter.digest == requested(policy, RequestedLimits(pids=8)).digest


def test_request_that_loosens_is_refused() -> None:
    """The lowest layer is bound like any other."""
    policy = drawn.policy(Limits())
    with pytest.raises(LooserThanPolicy, match=r"limits\.pids"):
        requested(policy, RequestedLimits(pids=policy.limits.shape.pids + 1))


def test_digest_of_layers_depends_on_each_and_on_their_order() -> None:
    """One digest fixes all that a run is judged by."""
    layer = drawn.policy(Limits()).layers[0]
    other = replace(layer, digest="e" * 64, kind=LayerKind.TEAM)
    assert chain_digest([layer]) == layer.digest
    digests = {
        chain_digest(each)
        for each in (
            [layer],
            [layer, other],
            [other, layer],
            [layer, replace(other, digest="f" * 64)],
        )
    }
    assert len(digests) == 4
