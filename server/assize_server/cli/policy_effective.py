"""`assize policy effective`: what holds under a policy's name, over all of its layers."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml

from assize.cli.terminal import lines
from assize.cli.verify import Format, FormatOption
from assize.model.submission import RequestedLimits
from assize_sandbox.limits import Limits
from assize_server.cli.policy_files import Json, UsageFault, faults_told, named, print_json
from assize_server.cli.policy_files import effective as effective_data
from assize_server.core.layers import requested
from assize_server.core.policy import LooserThanPolicy, Policy

PolicyArgument = Annotated[
    str, typer.Argument(metavar="[POLICY]", help="A policy's name, or its file (.yaml).")
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--policies",
        exists=True,
        file_okay=False,
        help="The folder of policies. By default ASSIZE_POLICIES, else the package's.",
        show_default=False,
    ),
]

_MB: Final = 1024 * 1024
_ASKED: Final = {each.name: each.type for each in fields(RequestedLimits)}


def effective(
    policy: PolicyArgument = "default",
    policies: FolderOption = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help=f"What a request asks for, as its layer; repeatable. Of {', '.join(_ASKED)}.",
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print what holds under a policy's name: org, team and request put together, with the digest.

    The effect rules of each layer stand beside each other: each is weighed by itself, and the
    strictest decision holds.

    Example: assize policy effective payments --limit wall_seconds=5 -o json
    """
    with faults_told():
        found = named(policy, policies)
        document = _with_request(effective_data(found), found.policy, _limits(limit or []))
    if output is Format.JSON:
        print_json({"format": "assize.policy-effective.v1", **document})
        return
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)
    for line in lines(text):
        typer.echo(line)


def _limits(given: list[str]) -> RequestedLimits:
    values: dict[str, float] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in _ASKED:
            raise UsageFault(f"--limit takes NAME=VALUE with {', '.join(_ASKED)}, got {text!r}")
        try:
            values[name] = float(value) if name.endswith("_seconds") else int(value)
        except ValueError:
            raise UsageFault(f"--limit {name}: not a number: {value!r}") from None
    return replace(RequestedLimits(), **values)  # type: ignore[arg-type]


def _with_request(
    document: dict[str, Json], policy: Policy, asked: RequestedLimits
) -> dict[str, Json]:
    """Return what holds once a request has tightened it."""
    try:
        left = requested(policy, asked)
    except LooserThanPolicy as error:
        raise UsageFault(str(error)) from error
    if left.digest == policy.digest:
        return document
    layers: list[Json] = [
        {"layer": layer.kind.value, "name": layer.name, "digest": layer.digest}
        for layer in left.layers
    ]
    return {**document, "digest": left.digest, "layers": layers, "limits": _section(left.limits)}


def _section(limits: Limits) -> dict[str, Json]:
    """Return the limits as a file writes them; a request can ask for less than a megabyte."""

    def megabytes(size: int) -> int | float:
        return size // _MB if size % _MB == 0 else size / _MB

    return {
        "wall_seconds": limits.wall_seconds,
        "cpu_seconds": limits.cpu_seconds,
        "memory_mb": megabytes(limits.shape.memory_bytes),
        "pids": limits.shape.pids,
        "cpu_cores": limits.shape.cpu_cores,
        "output_mb": megabytes(limits.output_bytes),
        "disk_mb": megabytes(limits.shape.disk_bytes),
        "disk_inodes": limits.shape.disk_inodes,
        "file_mb": megabytes(limits.file_bytes),
        "open_files": limits.open_files,
    }
