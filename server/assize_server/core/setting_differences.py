"""The difference of two policies beside their effect rules: key by key, looser or tighter.

Lists are compared as sets of what they name. Where a longer prefix can win over a shorter one
(`select`, `ignore`), one that is replaced by the other counts as gone and the other as new, so that
a change can look mixed that is not; it can never look tighter than it is.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness, covers
from assize_server.core.feedback import Feedback
from assize_server.core.outcomes import Direction, approvals_change, compared
from assize_server.core.policy import Policy
from assize_server.core.rules import Approval
from assize_server.core.static_gates import Gate

_MYPY: Final = (MypyStrictness.OFF, MypyStrictness.STANDARD, MypyStrictness.STRICT)
"""From lax to strict."""
_FEEDBACK: Final = (Feedback.FULL, Feedback.INPUTS, Feedback.VERDICT)
"""From the most that is told to the least."""
_NOT_LOOKED_FOR: Final = 0
_GATES: Final = {
    _NOT_LOOKED_FOR: "not looked for",
    **{gate.value: gate.name.lower() for gate in Gate},
}
"""What is done about a static rule, from lax to strict."""


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """One key that says something else."""

    key: str
    """As in the file, with dots: `limits.pids`."""
    old: str
    new: str
    direction: Direction
    """SAME where it decides nothing, such as the owner."""


def compare_settings(old: Policy, new: Policy) -> tuple[SettingDifference, ...]:
    """Return every key beside `default`, `rules` and `tests` that differs, by what holds."""
    return tuple(
        each
        for each in (
            *_texts(old, new),
            *_limits(old.limits, new.limits),
            *_analysis(old.analysis, new.analysis),
            *_demands(old, new),
            *_static(old, new),
        )
        if each.old != each.new
    )


def _texts(old: Policy, new: Policy) -> Iterator[SettingDifference]:
    for key in ("owner", "description"):
        yield SettingDifference(key, getattr(old, key), getattr(new, key), Direction.SAME)


def _limits(old: Limits, new: Limits) -> Iterator[SettingDifference]:
    before, after = _flat(old), _flat(new)
    for name, value in before.items():
        yield _ranked(f"limits.{name}", (value, after[name]), (-value, -after[name]))


def _flat(limits: Limits) -> dict[str, float]:
    values = {each.name: getattr(limits.shape, each.name) for each in fields(Shape)}
    rest = (each.name for each in fields(Limits) if each.name != "shape")
    return values | {name: getattr(limits, name) for name in rest}


def _analysis(old: AnalysisSettings, new: AnalysisSettings) -> Iterator[SettingDifference]:
    yield _listed("analysis.ruff.select", old.ruff_select, new.ruff_select)
    yield _listed("analysis.ruff.ignore", old.ruff_ignore, new.ruff_ignore, more_is_looser=True)
    yield _blocked(old.ruff_block, new.ruff_block)
    strictness = (old.mypy, new.mypy)
    yield _ranked("analysis.mypy.strictness", strictness, tuple(map(_MYPY.index, strictness)))
    yield _flag("analysis.mypy.block", old.mypy_block, new.mypy_block)
    honored = (old.honor_suppressions, new.honor_suppressions)
    names = tuple("honor" if each else "ignore" for each in honored)
    yield _ranked("analysis.suppressions", names, tuple(not each for each in honored))


def _demands(old: Policy, new: Policy) -> Iterator[SettingDifference]:
    least = (old.least_assurance, new.least_assurance)
    yield _ranked("assurance.least", tuple(each.name.lower() for each in least), least)
    objects = (old.refuses_objects, new.refuses_objects)
    names = tuple("refuse" if each else "mark" for each in objects)
    yield _ranked("assurance.objects", names, objects)
    levels = (old.engine.least_isolation, new.engine.least_isolation)
    names = tuple(each.name.lower() for each in levels)
    yield _ranked("engine.least_isolation", names, levels)
    yield _listed("engine.allow", old.engine.allow, new.engine.allow, more_is_looser=True)
    told = (old.feedback, new.feedback)
    yield _ranked("feedback.to_submitter", told, tuple(map(_FEEDBACK.index, told)))


def _static(old: Policy, new: Policy) -> Iterator[SettingDifference]:
    before, after = _gates(old), _gates(new)
    for name in sorted({*before, *after}):
        gates = (before.get(name, _NOT_LOOKED_FOR), after.get(name, _NOT_LOOKED_FOR))
        yield _ranked(f"static: {name}", tuple(_GATES[gate] for gate in gates), gates)
    yield from _looked_for(old, new)
    both_hold = old.static.hold and new.static.hold
    yield SettingDifference(
        "static.approval",
        _approval(old.static.approval),
        _approval(new.static.approval),
        # Where only one of them holds, the gates say what that means.
        approvals_change(old.static.approval, new.static.approval) if both_hold else Direction.SAME,
    )


def _looked_for(old: Policy, new: Policy) -> Iterator[SettingDifference]:
    """Yield each rule that looks for something else: nobody can tell for more or for less."""
    before = {rule.id: rule.matcher for rule in old.analysis.static.in_force()}
    for rule in new.analysis.static.in_force():
        matcher = before.get(rule.id, rule.matcher)
        yield SettingDifference(f"static: {rule.id}: rule", matcher, rule.matcher, Direction.MIXED)


def _gates(policy: Policy) -> dict[str, int]:
    """Return what is done about each static rule; about each name, where rules are not known."""
    checks = policy.analysis.static
    if rules := checks.in_force():
        return {rule.id: int(checks.gate(rule) or _NOT_LOOKED_FOR) for rule in rules}
    gates = policy.static
    return {name: int(gates.gate_of(name) or _NOT_LOOKED_FOR) for name in gates.names}


def _approval(approval: Approval | None) -> str:
    if approval is None:
        return "none"
    groups = ", ".join(sorted(approval.groups))
    return f"{approval.quorum} of {groups} within {approval.ttl_seconds}s"


def _ranked(key: str, values: Sequence[object], ranks: Sequence[float]) -> SettingDifference:
    """Compare an old and a new value; the higher rank is tighter."""
    (old, new), (before, after) = values, ranks
    direction = compared(tighter=after > before, looser=after < before)
    return SettingDifference(key, str(old), str(new), direction)


def _flag(key: str, old: bool, new: bool) -> SettingDifference:
    """Compare two flags that are tighter where they are set."""
    return _ranked(key, (str(old).lower(), str(new).lower()), (old, new))


def _blocked(old: Sequence[str], new: Sequence[str]) -> SettingDifference:
    """Compare what fails a verification: a prefix says no more than one that covers it."""

    def lacks(prefixes: Sequence[str], wanted: Sequence[str]) -> bool:
        return any(not any(covers(prefix, each) for prefix in prefixes) for each in wanted)

    direction = compared(tighter=lacks(old, new), looser=lacks(new, old))
    names = (", ".join(sorted(old)), ", ".join(sorted(new)))
    return SettingDifference("analysis.ruff.block", *names, direction)


def _listed(
    key: str, old: Collection[str], new: Collection[str], *, more_is_looser: bool = False
) -> SettingDifference:
    added, removed = bool(set(new) - set(old)), bool(set(old) - set(new))
    direction = (
        compared(tighter=removed, looser=added)
        if more_is_looser
        else compared(tighter=added, looser=removed)
    )
    return SettingDifference(key, ", ".join(sorted(old)), ", ".join(sorted(new)), direction)
