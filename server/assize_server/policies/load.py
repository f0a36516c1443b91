"""Reads the folder of policy files. Fails closed: what is not understood in full is not used.

- Each `<name>.yaml` is one policy; other files (seccomp.json, README.md ...) are left alone, but
  a file that looks like a policy and would not be read (`.yml`) is an error.
- There must be a policy called `default`.
- Errors read `file:line:column: problem`, all those of a file at once.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from assize.model.verdict import Assurance
from assize.strict_yaml import Document, YamlError, load
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings
from assize_server.core.policy import Policy
from assize_server.policies.schema import MB, AnalysisSection, LimitsSection, PolicyFile

DEFAULT_NAME: Final = "default"
SUFFIX: Final = ".yaml"
NO_POLICIES: Final = frozenset({"approvers.yaml"})
"""Files of that folder with another form, which others read."""

_LOOKALIKES = frozenset({".yaml", ".yml"})
_MOST_SHOWN = 40


class PolicyError(Exception):
    """A policy file is wrong, or there are none; nothing may be judged by it."""


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy, and the file that says it."""

    policy: Policy
    source: str
    """The file as it was written."""


class PolicySet:
    """The policies of an installation."""

    def __init__(self, loaded: Mapping[str, LoadedPolicy]) -> None:
        self._loaded = {name: loaded[name] for name in sorted(loaded)}

    def get(self, name: str) -> Policy | None:
        """Return the policy of that name, or None."""
        return self._loaded[name].policy if name in self._loaded else None

    def __getitem__(self, name: str) -> Policy:
        """Return the policy of that name.

        Raises:
            KeyError: There is none.
        """
        return self._loaded[name].policy

    def __iter__(self) -> Iterator[Policy]:
        """Yield the policies in order of name."""
        return (loaded.policy for loaded in self._loaded.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._loaded)

    def names(self) -> tuple[str, ...]:
        """Return the names in order."""
        return tuple(self._loaded)

    def source(self, name: str) -> str:
        """Return the policy's file as it was written.

        Raises:
            KeyError: There is no such policy.
        """
        return self._loaded[name].source


def load_directory(folder: Path) -> PolicySet:
    """Read all policies of a folder.

    Raises:
        PolicyError: A file is wrong, the folder cannot be read, or it holds no default policy.
    """
    loaded = {path.stem: load_file(path) for path in _policy_paths(folder)}
    if DEFAULT_NAME not in loaded:
        found = ", ".join(sorted(loaded)) or "none"
        raise PolicyError(f"{folder}: there is no {DEFAULT_NAME}{SUFFIX}; policies here: {found}")
    return PolicySet(loaded)


def load_file(path: Path) -> LoadedPolicy:
    """Read one policy file, whose policy must be called like the file.

    Raises:
        PolicyError: It cannot be read, or is not a policy of that name.
    """
    source = _text(path)
    try:
        document = load(source, str(path))
        file = _checked(document)
        if file.name != path.stem:
            problem = f"must be {path.stem!r} like the file, got {file.name!r}"
            raise document.error(("name",), problem)
    except YamlError as error:
        raise PolicyError(str(error)) from error
    return LoadedPolicy(_policy(file), source)


def _policy_paths(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        problem = f"the folder of policies cannot be read: {error.strerror or error}"
        raise PolicyError(f"{folder}: {problem}") from error
    policies = [
        path
        for path in paths
        if path.suffix.lower() in _LOOKALIKES and path.name not in NO_POLICIES
    ]
    for path in policies:
        if path.suffix != SUFFIX:
            raise PolicyError(f"{path}:1:1: it would not be read; call it {path.stem}{SUFFIX}")
    return policies


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}:1:1: cannot be read: {error.strerror or error}") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise PolicyError(f"{path}:{line}:{column}: not UTF-8") from error


def _checked(document: Document) -> PolicyFile:
    try:
        # As JSON: there, strict validation still takes lists for tuples and text for enums.
        return PolicyFile.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        problems = [document.error(each["loc"], _problem(each)) for each in error.errors()]
        problems.sort(key=lambda each: (each.position.line, each.position.column))
        raise PolicyError("\n".join(map(str, problems))) from error


def _problem(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return "this key is missing; a policy gives every key"
        case "extra_forbidden":
            return _unknown_key(error["loc"])
        case "contradiction":
            return error["msg"]
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}, got {_shown(error['input'])}"


def _unknown_key(place: tuple[int | str, ...]) -> str:
    known = _known_keys(place[:-1])
    close = difflib.get_close_matches(str(place[-1])[:_MOST_SHOWN], known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"unknown key; {hint}"


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    section: type[BaseModel] = PolicyFile
    for part in place:
        # A key can be unknown in a section only, and every section is a model.
        section = cast("type[BaseModel]", section.model_fields[str(part)].annotation)
    return [field.alias or name for name, field in section.model_fields.items()]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _policy(file: PolicyFile) -> Policy:
    return Policy(
        name=file.name,
        digest=_digest(file),
        owner=file.owner,
        description=file.description,
        limits=_limits(file.limits),
        analysis=_analysis(file.analysis),
        least_assurance=Assurance[file.assurance.least.upper()],
        refuses_objects=file.assurance.objects == "refuse",
        feedback=file.feedback.to_submitter,
    )


def _digest(file: PolicyFile) -> str:
    """Return the SHA-256 of what the file means: comments, order and spelling do not count."""
    meaning = file.model_dump(mode="json", by_alias=True)
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _limits(section: LimitsSection) -> Limits:
    return Limits(
        shape=Shape(
            memory_bytes=section.memory_mb * MB,
            pids=section.pids,
            cpu_cores=section.cpu_cores,
            disk_bytes=section.disk_mb * MB,
            disk_inodes=section.disk_inodes,
        ),
        wall_seconds=section.wall_seconds,
        cpu_seconds=section.cpu_seconds,
        output_bytes=section.output_mb * MB,
        file_bytes=section.file_mb * MB,
        open_files=section.open_files,
    )


def _analysis(section: AnalysisSection) -> AnalysisSettings:
    return AnalysisSettings(
        ruff_select=section.ruff.select,
        ruff_ignore=section.ruff.ignore,
        ruff_block=section.ruff.block,
        mypy=section.mypy.strictness,
        mypy_block=section.mypy.block,
        honor_suppressions=section.suppressions == "honor",
    )
