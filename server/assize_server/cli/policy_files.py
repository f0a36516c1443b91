"""Policy files as the offline commands take them: one file, a folder, or those of the package."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
import yaml

from assize.cli.exit_codes import ExitStatus
from assize.cli.terminal import one_line
from assize.strict_yaml import Document, Position
from assize_server.core.automata import NotProven
from assize_server.core.coverage import RuleCoverage, coverage
from assize_server.core.weighing import fault_of_test
from assize_server.policies.files import PolicyError, org_file, read, team_file
from assize_server.policies.load import (
    DEFAULT_NAME,
    STATIC,
    SUFFIX,
    TEAMS,
    LoadedPolicy,
    load_directory,
    load_file,
)
from assize_server.policies.records import rules_of, tests_of
from assize_server.policies.schema import PolicyFile, PolicyText
from assize_server.policies.static_fixtures import FixtureFault
from assize_server.policies.static_rules import (
    StaticRuleError,
    StaticRules,
    load_static,
    run_fixtures,
)
from assize_server.policies.text import effective_text
from assize_server.settings import from_environment

APPROVERS: Final = "approvers.yaml"
"""Lies beside policies and is none."""
SECCOMP: Final = "seccomp.json"
"""Likewise."""

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class UsageFault(Exception):
    """What was asked makes no sense, or a file that it names cannot be read."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One file, what its own tests said, and what they show of its rules."""

    document: Document
    name: str
    tests: int
    faults: tuple[tuple[int, str], ...]
    """Each test that does not hold, by its index, and why."""
    coverage: tuple[RuleCoverage, ...]


@contextmanager
def faults_told() -> Iterator[None]:
    """End with the exit status of whatever goes wrong, and tell it on standard error."""
    try:
        yield
    except (PolicyError, StaticRuleError, UsageFault, ValueError) as error:
        for line in str(error).splitlines():
            typer.echo(f"error: {one_line(line)}", err=True)
        raise typer.Exit(ExitStatus.USAGE) from error
    except NotProven as error:
        typer.echo(f"not proven: {one_line(str(error))}", err=True)
        raise typer.Exit(ExitStatus.UNKNOWN) from error


def policy_folder() -> Path:
    """Return the folder that a service here would read: ASSIZE_POLICIES, or the package's.

    Raises:
        ValueError: An environment variable makes no sense.
    """
    return from_environment().policy_folder()


def loaded(paths: Sequence[Path]) -> list[LoadedPolicy]:
    """Return the policies of files and folders, in order; of the default folder if there are none.

    Raises:
        PolicyError: One of them is wrong.
    """
    found: list[LoadedPolicy] = []
    for path in paths or [policy_folder()]:
        if path.is_dir():
            policies = load_directory(path)
            found += [policies.loaded(name) for name in policies.names()]
        else:
            found.append(load_file(path))
    return found


def named(policy: str, folder: Path | None) -> LoadedPolicy:
    """Return a policy by its name in a folder, or by its file.

    Raises:
        PolicyError: A file is wrong.
        UsageFault: There is no such policy.
    """
    if policy.endswith(SUFFIX):
        return load_file(Path(policy))
    policies = load_directory(folder or policy_folder())
    try:
        return policies.loaded(policy)
    except KeyError:
        known = ", ".join(policies.names())
        raise UsageFault(f"there is no policy {policy!r}; there are {known}") from None


def tested(paths: Sequence[Path]) -> list[Tested]:
    """Run the tests of files and folders. What else is wrong with a file is an error.

    Raises:
        PolicyError: A file is wrong, its tests apart.
    """
    results = [_tested(path) for path in _files(paths or [policy_folder()])]
    if not any(result.faults for result in results):
        # Reading them in full says what is wrong beside the tests, which refuse a file, too.
        loaded(paths)
    return results


def static_rules(folder: Path) -> StaticRules:
    """Return the static rules beside the policies of a folder; there may be none.

    Raises:
        StaticRuleError: A file of them is wrong.
    """
    return load_static(folder / STATIC) if (folder / STATIC).is_dir() else StaticRules()


def fixture_faults(paths: Sequence[Path]) -> list[FixtureFault]:
    """Return what the static rules of folders get wrong of their own fixtures.

    Raises:
        StaticRuleError: A file of them is wrong.
    """
    folders = [path for path in paths or [policy_folder()] if path.is_dir()]
    return [fault for folder in folders for fault in run_fixtures(static_rules(folder))]


def position(document: Document, *place: str | int) -> Position:
    """Return where a value of a file is, or what is nearest to it."""
    return document.position(place)


def people(path: Path) -> dict[str, frozenset[str]]:
    """Return the groups of each person of a file of approvers.

    Raises:
        PolicyError: It cannot be read, or is none.
    """
    document = read(path).document
    data = document.data
    listed = data.get("people") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise PolicyError(str(document.error((), "there is no list of people")))
    groups: dict[str, frozenset[str]] = {}
    for index, person in enumerate(listed):
        name = person.get("name") if isinstance(person, dict) else None
        named_groups = person.get("groups") if isinstance(person, dict) else None
        if not isinstance(name, str) or not isinstance(named_groups, list):
            raise PolicyError(str(document.error(("people", index), "needs a name and groups")))
        groups[name] = frozenset(str(group) for group in named_groups)
    return groups


def effective(policy: LoadedPolicy) -> dict[str, Json]:
    """Return what holds under a policy's name, as data."""
    data: dict[str, Json] = yaml.safe_load(effective_text(policy))
    return data


def print_json(document: Json) -> None:
    """Print a document. Only ASCII is written, so that nothing in it steers a terminal."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder in (path, path / TEAMS):
            files = sorted(folder.glob(f"*{SUFFIX}"))
            yield from (file for file in files if file.name != APPROVERS)


def _tested(path: Path) -> Tested:
    document = read(path).document
    file = _form(path, document)
    rules, tests = rules_of(file), tests_of(file)
    faults = ((index, fault_of_test(rules, test)) for index, test in enumerate(tests))
    return Tested(
        document=document,
        name=file.name,
        tests=len(tests),
        faults=tuple((index, fault) for index, fault in faults if fault is not None),
        coverage=coverage(rules, tests),
    )


def _form(path: Path, document: Document) -> PolicyText:
    if path.absolute().parent.name != TEAMS:
        return org_file(document)
    data = document.data
    name = data.get("tightens") if isinstance(data, dict) else DEFAULT_NAME
    above = path.absolute().parent.parent / f"{name}{SUFFIX}"
    if not above.is_file():
        raise PolicyError(str(document.error(("tightens",), f"there is no {above}")))
    org: PolicyFile = org_file(read(above).document)
    return team_file(document, org)
