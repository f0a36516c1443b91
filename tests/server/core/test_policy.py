"""Policies: what is left of one for a request, and which findings it lets fail."""

import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.errors import FieldViolation
from assize.model.effects import Decision
from assize.model.policies import LayerKind, PolicyLayer
from assize.model.submission import RequestedLimits
from assize.model.verdict import Assurance
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness, covers
from assize_server.core.feedback import Feedback
from assize_server.core.isolation import EngineDemand, EngineName, IsolationLevel
from assize_server.core.policy import LEAST_LIMITS, LooserThanPolicy, Policy, effective_limits
from assize_server.core.rules import EffectRules
from assize_server.core.static_gates import NO_GATES

POLICY = Policy(
    name="default",
    digest="d" * 64,
    owner="security",
    description="for tests",
    limits=Limits(),
    analysis=AnalysisSettings(
        ruff_select=("E9", "F", "S"),
        ruff_ignore=(),
        ruff_block=("F82", "S", "PL"),
        mypy=MypyStrictness.STANDARD,
        mypy_block=True,
        honor_suppressions=False,
    ),
    least_assurance=Assurance.SPLIT,
    refuses_objects=False,
    feedback=Feedback.FULL,
    engine=EngineDemand(IsolationLevel.CONTAINER, frozenset(EngineName)),
    static=NO_GATES,
    effects=(EffectRules(Decision.DENY, ()),),
    layers=(PolicyLayer(LayerKind.ORG, "default", "d" * 64),),
)
SECONDS = ("wall_seconds", "cpu_seconds")
COUNTS = tuple(each.name for each in fields(RequestedLimits) if each.name not in SECONDS)

amounts = st.one_of(st.none(), st.integers())
spans = st.one_of(st.none(), st.floats())
requests = st.builds(
    RequestedLimits,
    **dict.fromkeys(SECONDS, spans),
    **dict.fromkeys(COUNTS, amounts),
)
within = st.builds(
    RequestedLimits,
    **{
        name: st.none() | st.floats(getattr(LEAST_LIMITS, name), getattr(POLICY.limits, name))
        for name in SECONDS
    },
    **{
        name: st.none()
        | st.integers(
            getattr(LEAST_LIMITS, name, None) or getattr(LEAST_LIMITS.shape, name),
            getattr(POLICY.limits, name, None) or getattr(POLICY.limits.shape, name),
        )
        for name in COUNTS
    },
)


def flat(limits: Limits) -> dict[str, float]:
    """Return all limits by name, those of the shape among them."""
    both = [(limits, each.name) for each in fields(Limits) if each.name != "shape"]
    shape = [(limits.shape, each.name) for each in fields(Shape)]
    return {name: getattr(holder, name) for holder, name in [*both, *shape]}


def asking(name: str, value: float) -> RequestedLimits:
    """Return the request for one limit."""
    values: dict[str, Any] = {name: value}
    return RequestedLimits(**values)


def violations(requested: RequestedLimits) -> tuple[FieldViolation, ...]:
    """Return what the policy has against a request."""
    with pytest.raises(LooserThanPolicy) as caught:
        effective_limits(POLICY, requested)
    return caught.value.violations


@given(requests)
def test_any_request_never_exceeds_policy(requested: RequestedLimits) -> None:
    """Whatever is asked for, the limits are the policy's or tighter, or it is refused."""
    try:
        limits = flat(effective_limits(POLICY, requested))
    except LooserThanPolicy:
        return
    most, least = flat(POLICY.limits), flat(LEAST_LIMITS)
    assert all(least[name] <= limits[name] <= most[name] for name in limits)


@given(within)
def test_request_within_policy_is_granted_to_the_letter(requested: RequestedLimits) -> None:
    """What may be asked for is what one gets; what is not asked for is the policy's."""
    limits, most = flat(effective_limits(POLICY, requested)), flat(POLICY.limits)
    asked = {each.name: getattr(requested, each.name) for each in fields(requested)}
    for name, value in limits.items():
        assert value == (most[name] if asked.get(name) is None else asked[name])


def test_request_for_nothing_gets_the_policy() -> None:
    """An empty request changes nothing."""
    assert effective_limits(POLICY, RequestedLimits()) == POLICY.limits


@pytest.mark.parametrize("name", [*SECONDS, *COUNTS])
def test_each_limit_above_policy_is_refused_by_name(name: str) -> None:
    """No limit is forgotten; the text says what is allowed, by which policy, and what was seen."""
    most = flat(POLICY.limits)[name]
    found = violations(asking(name, most + 1))
    text = f"policy 'default' allows at most {most}, got {most + 1}"
    assert found == (FieldViolation(f"limits.{name}", text),)


@pytest.mark.parametrize("name", [*SECONDS, *COUNTS])
@pytest.mark.parametrize("value", [0, -1])
def test_limit_that_is_not_positive_is_refused(name: str, value: int) -> None:
    """Neither zero nor less ever means "no limit"."""
    found = violations(asking(name, value))
    assert found[0].field == f"limits.{name}"
    assert found[0].description.startswith(f"must be more than 0, got {value}")


@pytest.mark.parametrize("name", [*SECONDS, *COUNTS])
def test_limit_too_small_to_run_in_is_refused(name: str) -> None:
    """Half of the least that works is a fault of the request, not of the code."""
    least = flat(LEAST_LIMITS)[name]
    asked = least / 2 if name in SECONDS else int(least) // 2
    found = violations(asking(name, asked))
    text = f"must be at least {least}, got {asked}; nothing can run in less"
    assert found == (FieldViolation(f"limits.{name}", text),)


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_limit_that_is_not_finite_is_refused(name: str, value: float) -> None:
    """NaN compares false with everything and must not slip through."""
    found = violations(asking(name, value))
    assert found == (FieldViolation(f"limits.{name}", f"must be a finite number, got {value}"),)


def test_several_faults_are_reported_at_once() -> None:
    """One answer names all of them, and the exception's text too."""
    requested = RequestedLimits(wall_seconds=3600.0, pids=2, memory_bytes=-5)
    found = violations(requested)
    assert {each.field for each in found} == {
        "limits.wall_seconds",
        "limits.pids",
        "limits.memory_bytes",
    }
    assert "limits.pids: must be at least 4" in str(LooserThanPolicy(found))


def test_memory_and_processes_and_disk_shape_the_container() -> None:
    """What is built into a container is asked of the pool, not of the job."""
    requested = RequestedLimits(memory_bytes=64 * 1024 * 1024, pids=8, disk_bytes=1024 * 1024)
    shape = effective_limits(POLICY, requested).shape
    assert (shape.memory_bytes, shape.pids, shape.disk_bytes) == (64 << 20, 8, 1 << 20)
    assert shape.cpu_cores == POLICY.limits.shape.cpu_cores
    assert shape.disk_inodes == POLICY.limits.shape.disk_inodes


@pytest.mark.parametrize(
    ("rule", "blocked"),
    [
        ("F821", True),
        ("F401", False),
        ("S602", True),
        ("SIM101", False),
        ("PLE0101", True),
        ("invalid-syntax", True),
        ("", True),
    ],
)
def test_finding_blocks_if_its_rule_does_or_if_it_has_none(rule: str, *, blocked: bool) -> None:
    """Prefixes mean what they mean to ruff; a file that cannot be read never counts as clean."""
    assert POLICY.analysis.blocks(rule) is blocked


def test_narrow_prefix_does_not_cover_wide_one() -> None:
    """`F82` is not the whole of `F`, and what is no rule is covered by nothing."""
    assert covers("F", "F82")
    assert not covers("F82", "F")
    assert not covers("F", "file")
