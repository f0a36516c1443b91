"""The difference of two policies beside their rules: every key, looser or tighter."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from assize.model.verdict import Assurance
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import MypyStrictness
from assize_server.core.feedback import Feedback
from assize_server.core.isolation import EngineDemand, EngineName, IsolationLevel
from assize_server.core.outcomes import Direction
from assize_server.core.policy import Policy
from assize_server.core.rules import Approval
from assize_server.core.setting_differences import compare_settings
from assize_server.core.static_gates import NO_CHECKS, StaticChecks, StaticGates, StaticRule
from assize_server.policies.load import load_file
from assize_server.policies.schema import TERMS, PolicyFile

ROOT = Path(__file__).parents[3]
OWNERS = Approval(frozenset({"owners"}), quorum=2, ttl_seconds=900)
RENAMED = {"memory_mb": "memory_bytes", "output_mb": "output_bytes", "disk_mb": "disk_bytes"} | {
    "file_mb": "file_bytes"
}
"""Limits, as a file writes them and as they hold."""


@pytest.fixture(name="lax")
def lax_policy() -> Policy:
    """The default policy, with everything as lax as in `tight` it is tight."""
    default = load_file(ROOT / "policies/default.yaml").policy
    return replace(
        default,
        analysis=replace(
            default.analysis,
            ruff_select=("E9",),
            ruff_ignore=("S101",),
            ruff_block=("E9",),
            mypy=MypyStrictness.OFF,
            mypy_block=False,
            honor_suppressions=True,
            static=NO_CHECKS,
        ),
        least_assurance=Assurance.SHARED,
        refuses_objects=False,
        feedback=Feedback.FULL,
        engine=EngineDemand(IsolationLevel.CONTAINER, frozenset(EngineName)),
        static=StaticGates(
            warn=frozenset({"eval"}),
            hold=frozenset({"shell"}),
            fail=frozenset(),
            approval=replace(OWNERS, quorum=1),
        ),
    )


@pytest.fixture(name="tight")
def tight_policy(lax: Policy) -> Policy:
    """A policy that is tighter in every key."""
    limits = {each.name: getattr(lax.limits, each.name) for each in fields(Limits)}
    shape = {each.name: getattr(lax.limits.shape, each.name) / 2 for each in fields(Shape)}
    halves = {name: value / 2 for name, value in limits.items() if name != "shape"}
    return replace(
        lax,
        limits=Limits(shape=Shape(**shape), **halves),
        analysis=replace(
            lax.analysis,
            ruff_select=("E9", "F"),
            ruff_ignore=(),
            ruff_block=("E9", "F"),
            mypy=MypyStrictness.STRICT,
            mypy_block=True,
            honor_suppressions=False,
        ),
        least_assurance=Assurance.EXTERNAL,
        refuses_objects=True,
        feedback=Feedback.VERDICT,
        engine=EngineDemand(IsolationLevel.USER_NAMESPACE, frozenset({EngineName.RUNC})),
        static=StaticGates(
            warn=frozenset(),
            hold=frozenset({"shell"}),
            fail=frozenset({"eval"}),
            approval=OWNERS,
        ),
    )


def test_same_policy_differs_in_nothing(lax: Policy) -> None:
    """Not even by its digest."""
    assert compare_settings(lax, lax) == ()


def test_every_tighter_key_is_told_as_tighter_and_back_as_looser(
    lax: Policy, tight: Policy
) -> None:
    """No key is left out of the comparison: each one of the form is among them."""
    tightened = compare_settings(lax, tight)
    assert {each.direction for each in tightened} == {Direction.TIGHTENED}
    loosened = compare_settings(tight, lax)
    assert {each.direction for each in loosened} == {Direction.LOOSENED}
    told = {each.key for each in tightened} - {"static: eval"} | {
        "static.fail",
        "static.hold",
        "static.warn",
    }
    assert told == {_held(key) for key in _keys(PolicyFile) if key.split(".")[0] in TERMS}


def test_owner_and_description_decide_nothing(lax: Policy) -> None:
    """They are told all the same."""
    told = compare_settings(lax, replace(lax, owner="somebody", description="else"))
    assert {each.key: each.direction for each in told} == {
        "owner": Direction.SAME,
        "description": Direction.SAME,
    }


def test_list_that_gains_and_loses_is_mixed(lax: Policy) -> None:
    """And counts as looser."""
    analysis = replace(lax.analysis, ruff_select=("F",))
    (told,) = compare_settings(lax, replace(lax, analysis=analysis))
    assert told.direction is Direction.MIXED
    assert told.direction.loosens


def test_blocking_a_whole_group_in_place_of_one_of_its_rules_is_tighter(lax: Policy) -> None:
    """What fails is a union, so that a shorter prefix says more."""
    old = replace(lax, analysis=replace(lax.analysis, ruff_block=("F401",)))
    new = replace(lax, analysis=replace(lax.analysis, ruff_block=("F",)))
    assert [each.direction for each in compare_settings(old, new)] == [Direction.TIGHTENED]
    assert [each.direction for each in compare_settings(new, old)] == [Direction.LOOSENED]


def test_static_hold_that_nobody_can_end_counts_as_a_failure(lax: Policy) -> None:
    """As it does where it is met."""
    static = StaticGates(
        hold=frozenset({"shell"}), warn=lax.static.warn, fail=frozenset(), approval=OWNERS
    )
    nobody = replace(static, approval=replace(OWNERS, groups=frozenset()))
    told = compare_settings(replace(lax, static=static), replace(lax, static=nobody))
    assert {each.direction for each in told} == {Direction.TIGHTENED}


def test_static_rule_that_looks_for_something_else_is_mixed(lax: Policy) -> None:
    """And a group that is named in place of its only rule changes nothing."""
    rule = StaticRule("shell", "processes", "It runs a shell.", "Shells do anything.", "{}")
    named, grouped = (
        StaticGates(fail=frozenset({"shell"})),
        StaticGates(fail=frozenset({rule.group})),
    )

    def searching(rule: StaticRule, gates: StaticGates) -> Policy:
        checks = StaticChecks((rule,), gates)
        return replace(lax, static=gates, analysis=replace(lax.analysis, static=checks))

    assert compare_settings(searching(rule, named), searching(rule, grouped)) == ()
    other = searching(replace(rule, matcher='{"kind": "call"}'), named)
    (told,) = compare_settings(searching(rule, named), other)
    assert told.direction is Direction.MIXED


def _held(key: str) -> str:
    section, _, name = key.rpartition(".")
    return f"{section}.{RENAMED.get(name, name)}"


def _keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, each in section.model_fields.items():
        part = each.annotation
        is_section = isinstance(part, type) and issubclass(part, BaseModel)
        if is_section:
            yield from _keys(part, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            yield f"{prefix}{name}"
