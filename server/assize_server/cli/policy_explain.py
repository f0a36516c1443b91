"""`assize policy explain`: which rule decides on an effect, and why the others do not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, cast

import typer

from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.model.effects import EffectKind
from assize_server.cli.policy_effective import FolderOption, PolicyArgument
from assize_server.cli.policy_files import Json, UsageFault, faults_told, named, print_json
from assize_server.core.matching import Act
from assize_server.core.reasons import Reasons, RuleReason, reasons
from assize_server.core.rules import DB_KINDS, RENAMES, ROOT, SIZED_KINDS, Approval
from assize_server.policies.load import LoadedPolicy

_MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a verdict's document."""
_ONE: Final = "One effect"


def explain(
    policy: PolicyArgument = "default",
    policies: FolderOption = None,
    kind: Annotated[
        EffectKind | None, typer.Option(rich_help_panel=_ONE, help="Its kind.", show_default=False)
    ] = None,
    path: Annotated[
        str, typer.Option(rich_help_panel=_ONE, help="As rules see it: workspace/a.csv.")
    ] = "",
    source: Annotated[
        str, typer.Option(rich_help_panel=_ONE, help="Of a rename: where it was.")
    ] = "",
    table: Annotated[
        str, typer.Option(rich_help_panel=_ONE, help="Of db kinds: main.users; empty: not known.")
    ] = "",
    size: Annotated[
        int, typer.Option("--bytes", min=0, rich_help_panel=_ONE, help="Its size afterwards.")
    ] = 0,
    verdict: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Explain each effect of a verification: what assize verify -o json printed.",
            show_default=False,
        ),
    ] = None,
    wants_all: Annotated[
        bool, typer.Option("--all", help="As text, name the rules that are not about it, too.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Say which rule decides on an effect, which others match, and why those do not decide.

    Each effect is explained as if it were alone in its run: budgets are not counted.

    Example: assize policy explain default --kind fs.delete --path workspace/a.csv

    Example: assize policy explain strict --verdict verdict.json -o json
    """
    with faults_told():
        found = named(policy, policies)
        if (kind is None) == (verdict is None):
            raise UsageFault("give either --kind and --path, or --verdict")
        if kind is not None:
            asked = [_Asked(_act(kind, path, source, table, size), "")]
        else:
            asked = list(_effects_of(cast("Path", verdict), found))
        explained = [(each, reasons(found.policy.effects, each.act)) for each in asked]
    if output is Format.JSON:
        effects = [_document(each, why, found) for each, why in explained]
        print_json(
            {
                "format": "assize.policy-explanation.v1",
                "policy": found.policy.name,
                "digest": found.policy.digest,
                "effects": effects,
            }
        )
        return
    for each, why in explained:
        for line in _lines(each, why, found, wants_all=wants_all):
            typer.echo(one_line(line))


@dataclass(frozen=True, slots=True)
class _Asked:
    """An effect, and what a verdict said of it."""

    act: Act
    said: str
    """Such as `HOLD by ORG-010`; empty where nothing was."""


def _act(kind: EffectKind, path: str, source: str, table: str, size: int) -> Act:
    """Return what was asked about.

    Raises:
        UsageFault: There is no such effect.
    """
    if not path:
        raise UsageFault("--kind goes with --path, as rules see it: workspace/a.csv")
    if (kind in RENAMES) != bool(source):
        raise UsageFault(f"--source is given for renames, and for nothing else; kind is {kind}")
    if table and kind not in DB_KINDS:
        raise UsageFault(f"--table is about db kinds, and kind is {kind}")
    if size and kind not in SIZED_KINDS:
        raise UsageFault(f"--bytes: after {kind} there is nothing that has a size")
    paths = (path, source) if kind in RENAMES else (path,)
    for each in paths:
        if {"", ".", ".."} & set(each.split("/")):
            raise UsageFault(f"a path has no empty parts, . and .., got {each!r}")
    return Act(kind, paths, table, size)


def _effects_of(path: Path, policy: LoadedPolicy) -> Iterator[_Asked]:
    """Yield the effects of a verdict's document.

    Raises:
        UsageFault: It is none.
    """
    document = _read(path)
    judged = document.get("policy_digest")
    if judged != policy.policy.digest:
        name, digest = policy.policy.name, policy.policy.digest
        text = f"note: judged by {document.get('policy')} {judged}, explained by {name} {digest}"
        typer.echo(one_line(text), err=True)
    weighed = document.get("effects")
    if not isinstance(weighed, list):
        raise UsageFault(
            f"{path}: there are no effects; it takes what assize verify -o json prints"
        )
    for index, each in enumerate(weighed):
        try:
            yield _asked(each)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UsageFault(f"{path}: effects[{index}] is no effect: {error!r}") from error


def _read(path: Path) -> Mapping[str, Json]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageFault(f"{path}: larger than {_MOST_BYTES} bytes")
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageFault(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise UsageFault(f"{path}: no verdict; it takes what assize verify -o json prints")
    return document


def _asked(weighed: Mapping[str, object]) -> _Asked:
    effect = cast("Mapping[str, object]", weighed["effect"])
    kind = EffectKind[str(effect["kind"])]
    after = cast("Mapping[str, object] | None", effect.get("after"))
    is_file = after is not None and after.get("type") == "FILE"
    size = int(str(after.get("size_bytes", 0))) if after is not None and is_file else 0
    at, source = ROOT + str(effect["path"]), ROOT + str(effect.get("source", ""))
    paths = (at, source) if kind in RENAMES else (at,)
    act = Act(kind, paths, str(effect.get("table", "")), size)
    return _Asked(act, f"{weighed.get('decision')} by {weighed.get('rule')}")


def _document(asked: _Asked, why: Reasons, policy: LoadedPolicy) -> Json:
    said = why.explanation.said
    return {
        "effect": {
            "kind": asked.act.kind.value,
            "path": asked.act.paths[0],
            "source": asked.act.paths[1] if len(asked.act.paths) > 1 else "",
            "table": asked.act.table,
            "bytes": asked.act.size_bytes,
        },
        "verdict_said": asked.said,
        "decision": said.decision.name,
        "rule": said.rule,
        "why": said.why,
        "approval": _approval(said.approval),
        "layers": [
            {
                "layer": layer.kind.value,
                "name": layer.name,
                "decision": each.decision.name,
                "rule": each.rule,
            }
            for layer, each in zip(policy.policy.layers, why.explanation.layers, strict=True)
        ],
        "rules": [
            {
                "layer": policy.policy.layers[each.layer].kind.value,
                "rule": each.rule.id,
                "then": each.rule.then.name,
                "is_about": each.is_about,
                "decides": each.decides,
                "because": each.because,
            }
            for each in why.rules
        ],
    }


def _approval(approval: Approval | None) -> Json:
    if approval is None:
        return None
    return {
        "groups": sorted(approval.groups),
        "quorum": approval.quorum,
        "ttl_seconds": approval.ttl_seconds,
    }


def _lines(asked: _Asked, why: Reasons, policy: LoadedPolicy, *, wants_all: bool) -> Iterator[str]:
    said, act = why.explanation.said, asked.act
    where = f" {act.table}" if act.table else ""
    size = f", {act.size_bytes} bytes" if act.size_bytes else ""
    origin = f" from {act.paths[1]}" if len(act.paths) > 1 else ""
    yield f"{act.kind} {act.paths[0]}{where}{origin}{size}"
    yield f"  {said.decision.name} by {said.rule}: {said.why}"
    if said.approval is not None:
        groups = ", ".join(sorted(said.approval.groups))
        yield f"  {said.approval.quorum} of {groups} must agree"
    if asked.said and asked.said != f"{said.decision.name} by {said.rule}":
        yield f"  the verdict said {asked.said}: another policy, or a budget that was used up"
    for layer, each in zip(policy.policy.layers, why.explanation.layers, strict=True):
        yield f"  {layer.kind} {layer.name}: {each.decision.name} by {each.rule}"
        number = policy.policy.layers.index(layer)
        yield from (
            _reason_line(reason)
            for reason in sorted(why.rules, key=lambda reason: not reason.decides)
            if reason.layer == number and (reason.is_about or wants_all)
        )


def _reason_line(reason: RuleReason) -> str:
    mark = "decides" if reason.decides else ("matches" if reason.is_about else "not about it")
    return f"    {reason.rule.id} ({reason.rule.then.name.lower()}) {mark}: {reason.because}"
