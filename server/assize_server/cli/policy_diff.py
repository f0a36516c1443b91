"""`assize policy diff`: what a change of policies changes, proven over all effects there can be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from assize.cli.exit_codes import ExitStatus
from assize.cli.progress import Progress
from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.model.effects import Decision
from assize_server.cli.policy_diff_text import rule_lines, setting_line
from assize_server.cli.policy_files import (
    APPROVERS,
    SECCOMP,
    Json,
    UsageFault,
    faults_told,
    loaded,
    print_json,
)
from assize_server.core.automata import NotProven
from assize_server.core.cells import Where
from assize_server.core.deciding import Example
from assize_server.core.differences import Decided, RuleComparison, RuleDifference, compare
from assize_server.core.policy import Policy
from assize_server.core.rules import Approval, EffectRules
from assize_server.core.setting_differences import SettingDifference, compare_settings
from assize_server.policies.load import LoadedPolicy

_NO_LAYER: Final = EffectRules(Decision.ALLOW, ())
"""Stands for a layer that is not there: it adds nothing to what the others forbid."""
_BESIDE: Final = (SECCOMP, APPROVERS)
"""Files of a folder that count, and whose meaning is not compared."""


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """What has become of the policy of one name."""

    name: str
    change: str
    """`same`, `changed`, `added` or `removed`."""
    rules: tuple[tuple[str, RuleComparison], ...] = ()
    """By layer."""
    settings: tuple[SettingDifference, ...] = ()
    unproven: str = ""
    """Why nothing is known of its rules; empty: everything is."""

    @property
    def loosens(self) -> bool:
        """Whether anything is looser. A policy that is new can be named by any request."""
        directions = [each.direction for _, part in self.rules for each in part.differences]
        directions += [each.direction for each in self.settings]
        return self.change == "added" or any(direction.loosens for direction in directions)


def diff(
    old: Annotated[Path, typer.Argument(exists=True, help="A policy file, or a folder of them.")],
    new: Annotated[Path, typer.Argument(exists=True, help="The same, after the change.")],
    fail_on_loosening: Annotated[
        bool, typer.Option("--fail-on-loosening", help="Exit with 1 where anything is looser.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Compare policies by what they mean, and show each changed decision with a shortest path.

    It is exact: what is not shown has not changed. Rules of each layer are compared by themselves;
    where every layer is as strict as before, so is what holds.

    Exit status: 0 compared, 1 something is looser (with --fail-on-loosening), 2 a file is at fault,
    4 not proven: the rules are too entangled, and nothing is claimed.

    Example: assize policy diff main/policies policies --fail-on-loosening

    Example: assize policy diff old/default.yaml new/default.yaml -o json
    """
    with faults_told(), Progress("comparing", wanted=True):
        differences = tuple(_differences(old, new))
        beside = _beside(old, new)
    is_proven = not any(each.unproven for each in differences)
    loosens = bool(beside) or any(each.loosens for each in differences)
    if output is Format.JSON:
        print_json(
            {
                "format": "assize.policy-diff.v1",
                "proven": is_proven,
                "loosens": loosens,
                "not_compared": beside,
                "policies": [_document(each) for each in differences],
            }
        )
    else:
        _print(differences, beside)
    if not is_proven:
        raise typer.Exit(ExitStatus.UNKNOWN)
    if loosens and fail_on_loosening:
        raise typer.Exit(ExitStatus.FAILED)


def compare_policies(old: Policy, new: Policy) -> PolicyDifference:
    """Return the difference of two policies of one name."""
    settings = compare_settings(old, new)
    try:
        rules = tuple(_rules(old, new))
    except NotProven as error:
        return PolicyDifference(new.name, "changed", (), settings, str(error))
    is_same = not settings and not any(part.differences for _, part in rules)
    return PolicyDifference(new.name, "same" if is_same else "changed", rules, settings)


def _rules(old: Policy, new: Policy) -> Iterator[tuple[str, RuleComparison]]:
    before = {layer.kind.value: each for layer, each in zip(old.layers, old.effects, strict=True)}
    after = {layer.kind.value: each for layer, each in zip(new.layers, new.effects, strict=True)}
    for layer in dict.fromkeys((*before, *after)):
        yield layer, compare(before.get(layer, _NO_LAYER), after.get(layer, _NO_LAYER))


def _differences(old: Path, new: Path) -> Iterator[PolicyDifference]:
    if old.is_dir() != new.is_dir():
        raise UsageFault("compare two files or two folders, not one with the other")
    if not old.is_dir():
        yield compare_policies(loaded([old])[0].policy, loaded([new])[0].policy)
        return
    before, after = _by_name(loaded([old])), _by_name(loaded([new]))
    for name in sorted(before | after):
        if name not in after:
            yield PolicyDifference(name, "removed")
        elif name not in before:
            yield PolicyDifference(name, "added")
        else:
            yield compare_policies(before[name], after[name])


def _by_name(policies: Iterable[LoadedPolicy]) -> dict[str, Policy]:
    return {each.policy.name: each.policy for each in policies}


def _beside(old: Path, new: Path) -> list[str]:
    """Return the other files of two folders that differ, and are not compared by meaning."""
    if not old.is_dir():
        return []
    return [name for name in _BESIDE if _content(old / name) != _content(new / name)]


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageFault(f"{path}: cannot be read: {error.strerror}") from error


def _print(differences: Sequence[PolicyDifference], beside: Sequence[str]) -> None:
    for line in _lines(differences, beside):
        typer.echo(one_line(line))


def _lines(differences: Sequence[PolicyDifference], beside: Sequence[str]) -> Iterator[str]:
    for difference in differences:
        yield f"policy {difference.name}: {difference.change}{_summary(difference)}"
        for layer, part in difference.rules:
            for each in part.differences:
                yield from rule_lines(layer, each)
        yield from map(setting_line, difference.settings)
        if not all(part.tells_rules_apart for _, part in difference.rules):
            yield "  changes with the same outcome before and after are shown as one"
    for name in beside:
        yield f"  {name} differs: its meaning is not compared; review it by hand"


def _summary(difference: PolicyDifference) -> str:
    if difference.unproven:
        return f", NOT PROVEN: {difference.unproven}"
    if difference.change == "same":
        return ", proven"
    if difference.change == "added":
        return ", and any request can name it"
    if difference.change == "removed":
        return ""
    return ", something is looser" if difference.loosens else ", nothing is looser, proven"


def _document(difference: PolicyDifference) -> Json:
    return {
        "policy": difference.name,
        "change": difference.change,
        "loosens": difference.loosens,
        "not_proven": difference.unproven,
        "rules": [
            {"layer": layer, **_rule_document(each)}
            for layer, part in difference.rules
            for each in part.differences
        ],
        "settings": [
            {
                "key": each.key,
                "old": each.old,
                "new": each.new,
                "direction": each.direction.value,
            }
            for each in difference.settings
        ],
        "rules_told_apart": all(part.tells_rules_apart for _, part in difference.rules),
    }


def _rule_document(each: RuleDifference) -> dict[str, Json]:
    return {
        "subject": each.subject.value,
        "direction": each.direction.value,
        "old": _decided(each.old),
        "new": _decided(each.new),
        "where": [_where(where) for where in each.wheres],
        "example": _example(each.example),
        "beside": None if each.beside is None else _example(each.beside),
    }


def _decided(decided: Decided) -> Json:
    outcome = decided.outcome
    meter = outcome.meter
    return {
        "rule": decided.rule,
        "decision": outcome.decision.name,
        "approval": _approval(outcome.approval),
        "budget": None
        if meter is None
        else {
            "count": meter.budget.count,
            "bytes": meter.budget.bytes,
            "approval": _approval(meter.approval),
        },
    }


def _approval(approval: Approval | None) -> Json:
    if approval is None:
        return None
    return {
        "groups": sorted(approval.groups),
        "quorum": approval.quorum,
        "ttl_seconds": approval.ttl_seconds,
    }


def _where(where: Where) -> Json:
    sizes: Json = {"least": where.sizes.least, "most": where.sizes.most}
    return {"kind": where.kind.value, "bytes": sizes}


def _example(example: Example) -> Json:
    return {
        "kind": example.kind.value,
        "path": example.path,
        "table": example.table,
        "bytes": example.size_bytes,
    }
