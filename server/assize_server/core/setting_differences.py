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
from assize_server.core.static_gates import StaticGates

_MYPY: Final = (MypyStrictness.OFF, MypyStrictness.STANDARD, MypyStrictness.STRICT)
"""From lax to strict."""
_FEEDBACK: Final = (Feedback.FULL, Feedback.INPUTS, Feedback.VERDICT)
"""From the most that is told to the least."""
_GATES: Final = ("not looked for", "warn", "hold", "fail")
"""From lax to strict."""


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
            *_static(old.static, new.static),
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


def _static(old: StaticGates, new: StaticGates) -> Iterator[SettingDifference]:
    for name in sorted(_named(old) | _named(new)):
        gates = (_gate(old, name), _gate(new, name))
        yield _ranked(f"static: {name}", tuple(_GATES[gate] for gate in gates), gates)
    yield SettingDifference(
        "static.approval",
        _approval(old.approval),
        _approval(new.approval),
        approvals_change(old.approval, new.approval) if old.hold and new.hold else Direction.SAME,
    )


def _named(gates: StaticGates) -> frozenset[str]:
    return gates.warn | gates.hold | gates.fail


def _gate(gates: StaticGates, name: str) -> int:
    if name in gates.hold and name not in gates.fail:
        # A hold that nobody could end is a failure.
        can_end = gates.approval is not None and gates.approval.groups
        return _GATES.index("hold" if can_end else "fail")
    if name in gates.fail:
        return _GATES.index("fail")
    return _GATES.index("warn" if name in gates.warn else "not looked for")


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
