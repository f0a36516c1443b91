"""The form of a policy file.

Every key must be given: what a policy allows is read from its file alone and never from a default
in this code. `python -m assize_server.policies.schema > policies/policy.schema.json` writes the
JSON Schema that editors check policy files with.

`mb` is 1024 * 1024 bytes. The upper bounds are not advice: they catch a number in the wrong unit.
"""

import json
import sys
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from assize_sandbox.engines.surroundings import OPEN_FILES_MOST
from assize_server.core.analysis_settings import MypyStrictness, covers
from assize_server.core.feedback import Feedback
from assize_server.core.policy import LEAST_LIMITS

MB: Final = 1024 * 1024

_SECONDS_MOST = 24 * 60 * 60
_MB_MOST = 1024 * 1024
_EVERY_RULE = "ALL"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Line = Annotated[str, StringConstraints(pattern=r"^\S[^\r\n]{0,199}$")]
Prose = Annotated[str, StringConstraints(pattern=r"\S", max_length=2000)]
RulePrefix = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,8}[0-9]{0,4}$")]
Megabytes = Annotated[int, Field(ge=1, le=_MB_MOST)]


class Section(BaseModel):
    """A mapping of a policy file."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class LimitsSection(Section):
    """The most that a run may use; a request can ask for less."""

    wall_seconds: float = Field(ge=LEAST_LIMITS.wall_seconds, le=_SECONDS_MOST)
    """Wall clock that the code may take in all, measured from outside the container."""
    cpu_seconds: float = Field(ge=LEAST_LIMITS.cpu_seconds, le=_SECONDS_MOST)
    """CPU time over all processes of the run."""
    memory_mb: int = Field(ge=LEAST_LIMITS.shape.memory_bytes // MB, le=_MB_MOST)
    """Memory over all processes, the files in the work folder and in /tmp included. No swap."""
    pids: int = Field(ge=LEAST_LIMITS.shape.pids, le=32768)
    """Processes and threads alive at once, the sandbox's own included."""
    cpu_cores: float = Field(ge=LEAST_LIMITS.shape.cpu_cores, le=256)
    """Cores that the run may keep busy; 0.5 is half of one."""
    output_mb: Megabytes
    """Kept of each output stream."""
    disk_mb: Megabytes
    """What fits in the work folder, and again in /tmp."""
    disk_inodes: int = Field(ge=LEAST_LIMITS.shape.disk_inodes, le=1_000_000)
    """Files and folders in the work folder, and again in /tmp."""
    file_mb: Megabytes
    """The largest single file."""
    # The engines give a container no more, so that a larger number would mean nothing.
    open_files: int = Field(ge=LEAST_LIMITS.open_files, le=OPEN_FILES_MOST)
    """Open files of one process."""


class RuffSection(Section):
    """Which rules of ruff's are looked for. Entries are rule prefixes: `F`, `F82`, `F821`."""

    select: tuple[RulePrefix, ...] = Field(min_length=1)
    """Rules to look for."""
    ignore: tuple[RulePrefix, ...]
    """Rules to leave out of those."""
    block: tuple[RulePrefix, ...]
    """Rules whose findings fail the verification; findings of the others are warnings."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_prefixes("select", self.select)
        _check_prefixes("ignore", self.ignore)
        _check_prefixes("block", self.block)
        for prefix in self.block:
            self._require_selected(prefix)
        return self

    def _require_selected(self, blocked: str) -> None:
        """Refuse to block what is never looked for: it reads like a safeguard and is none."""
        selecting = [len(prefix) for prefix in self.select if covers(prefix, blocked)]
        if not selecting:
            raise _contradiction(f"block names {blocked}, which select does not cover")
        # As ruff weighs them: the longer prefix wins, and ignore wins over select of its length.
        for prefix in self.ignore:
            if covers(prefix, blocked) and len(prefix) >= max(selecting):
                raise _contradiction(f"block names {blocked}, which ignore leaves out")


class MypySection(Section):
    """How mypy is run."""

    strictness: MypyStrictness
    """`"off"` (in quotes, since YAML versions disagree about it), `standard` or `strict`."""
    block: bool
    """Whether mypy's errors fail the verification; else they are warnings."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.block and self.strictness is MypyStrictness.OFF:
            raise _contradiction("block is true, but mypy is off")
        return self


class AnalysisSection(Section):
    """What the code is searched for before it runs."""

    ruff: RuffSection
    """The linter."""
    mypy: MypySection
    """The type checker."""
    suppressions: Literal["ignore", "honor"]
    """Whether `# noqa`, `# type: ignore` and their like in the code count."""


class AssuranceSection(Section):
    """What a pass must be worth."""

    least: Literal["shared", "split_objects", "split", "external"]
    """The weakest assurance of a pass: how far the code could have influenced its verdict."""
    objects: Literal["mark", "refuse"]
    """A test that leans on what an object of the code's says of itself: `mark` its assurance as
    SPLIT_OBJECTS, or `refuse` it as UNVERIFIABLE."""


class FeedbackSection(Section):
    """What goes back to whoever submitted the code."""

    to_submitter: Feedback
    """`full`; `inputs`: which input failed and no expected value; `verdict`: status and reason."""


class PolicyFile(Section):
    """A policy of Assize: what a verification may use, and what it must show."""

    api_version: Literal["assize.dev/v1"] = Field(alias="apiVersion")
    """The version of this form."""
    name: Name
    """What requests call it; the file is called the same."""
    owner: Line
    """Who answers for it."""
    description: Prose
    """What it is for."""
    limits: LimitsSection
    """The most that a run may use."""
    analysis: AnalysisSection
    """What the code is searched for before it runs."""
    assurance: AssuranceSection
    """What a pass must be worth."""
    feedback: FeedbackSection
    """What goes back to whoever submitted the code."""


def _check_prefixes(name: str, prefixes: tuple[str, ...]) -> None:
    if _EVERY_RULE in prefixes:
        problem = f"{name} names {_EVERY_RULE}, which means other rules with each version of ruff"
        raise _contradiction(f"{problem}; name the groups")
    for index, prefix in enumerate(prefixes):
        if prefix in prefixes[:index]:
            raise _contradiction(f"{name} names {prefix} twice")


def _contradiction(problem: str) -> PydanticCustomError:
    return PydanticCustomError("contradiction", "{problem}", {"problem": problem})


def json_schema() -> str:
    """Return the JSON Schema of a policy file, as text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PolicyFile.model_json_schema(by_alias=True),
    }
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(json_schema())
