"""The difference of policies as text for people."""

from collections.abc import Iterator, Sequence

from assize.counts import counted
from assize_server.core.cells import Where
from assize_server.core.deciding import Example
from assize_server.core.differences import Decided, RuleDifference, Subject
from assize_server.core.outcomes import Direction
from assize_server.core.rules import Approval
from assize_server.core.setting_differences import SettingDifference

_KINDS_SHOWN = 4


def rule_lines(layer: str, each: RuleDifference) -> Iterator[str]:
    """Yield the lines of one difference of rules."""
    example = example_text(each.example)
    if each.subject is Subject.SHARING:
        verb = "no longer shares" if each.direction is Direction.LOOSENED else "now shares"
        beside = "" if each.beside is None else example_text(each.beside)
        yield f"  {_mark(each.direction)}  {layer}: {example} {verb} a budget with {beside}"
        return
    yield f"  {_mark(each.direction)}  {layer}: {_change(each)}"
    yield f"      for example  {example}"
    yield f"      of           {_kinds(each.wheres)}"


def setting_line(each: SettingDifference) -> str:
    """Return the line of one key that says something else."""
    return (
        f"  {_mark(each.direction)}  {each.key}: {each.old or 'nothing'} -> {each.new or 'nothing'}"
    )


def example_text(example: Example) -> str:
    """Return an effect in one line."""
    table = f" {example.table}" if example.table else ""
    size = f" of {example.size_bytes} bytes" if example.size_bytes else ""
    return f"{example.kind} {example.path}{table}{size}"


def _mark(direction: Direction) -> str:
    match direction:
        case Direction.LOOSENED:
            return "LOOSENED "
        case Direction.TIGHTENED:
            return "tightened"
        case Direction.MIXED:
            return "MIXED    "
        case Direction.SAME:
            return "same     "


def _change(each: RuleDifference) -> str:
    if each.subject is Subject.RULE:
        decision = each.new.outcome.decision.name.lower()
        return f"{decision} by {each.new.rule}, where {each.old.rule} said so"
    return f"{_decided(each.old)} -> {_decided(each.new)}"


def _decided(decided: Decided) -> str:
    outcome = decided.outcome
    text = f"{outcome.decision.name.lower()} by {decided.rule}"
    if outcome.approval is not None:
        text += f" ({_approval(outcome.approval)})"
    if outcome.meter is not None:
        budget = outcome.meter.budget
        bounds = [counted(budget.count, "effect")] if budget.count is not None else []
        bounds += [counted(budget.bytes, "byte")] if budget.bytes is not None else []
        text += f" (up to {', '.join(bounds)}, then {_approval(outcome.meter.approval)})"
    return text


def _approval(approval: Approval | None) -> str:
    if approval is None:
        return "nobody"
    groups = ", ".join(sorted(approval.groups))
    return f"{approval.quorum} of {groups} within {approval.ttl_seconds} s"


def _kinds(wheres: Sequence[Where]) -> str:
    kinds = list(dict.fromkeys(_where(where) for where in wheres))
    shown = ", ".join(kinds[:_KINDS_SHOWN])
    more = len(kinds) - _KINDS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _where(where: Where) -> str:
    least, most = where.sizes.least, where.sizes.most
    if least == 0:
        # Nothing, or all sizes, or those up to a threshold.
        return f"{where.kind}" if not most else f"{where.kind} up to {most} bytes"
    upper = "" if most is None else f" to {most}"
    return f"{where.kind} from {least}{upper} bytes"
