"""The sections of a policy file that are not about effects.

`mb` is 1024 * 1024 bytes. The upper bounds are not advice: they catch a number in the wrong unit.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from assize_sandbox.engines.surroundings import OPEN_FILES_MOST
from assize_server.core.analysis_settings import MypyStrictness, covers
from assize_server.core.feedback import Feedback
from assize_server.core.isolation import EngineName
from assize_server.core.policy import LEAST_LIMITS
from assize_server.policies.effects import ApprovalSection
from assize_server.policies.form import Name, Section, contradiction

MB: Final = 1024 * 1024

_SECONDS_MOST = 24 * 60 * 60
_MB_MOST = 1024 * 1024
_EVERY_RULE = "ALL"

RulePrefix = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,8}[0-9]{0,4}$")]
Megabytes = Annotated[int, Field(ge=1, le=_MB_MOST)]


class LimitsSection(Section):
    """The most that a run may use; a request can ask for less."""

    wall_seconds: float = Field(ge=LEAST_LIMITS.wall_seconds, le=_SECONDS_MOST)
    """Wall clock that the code may take in all, measured from outside the container."""
    cpu_seconds: float = Field(ge=LEAST_LIMITS.cpu_seconds, le=_SECONDS_MOST)
    """CPU time over all processes of the run."""
    memory_mb: int = Field(ge=LEAST_LIMITS.shape.memory_bytes // MB, le=_MB_MOST)
    """Memory over all processes, the files in the work folder and in `/tmp` included. There is no
    swap."""
    pids: int = Field(ge=LEAST_LIMITS.shape.pids, le=32768)
    """Processes and threads alive at once, the sandbox's own included."""
    cpu_cores: float = Field(ge=LEAST_LIMITS.shape.cpu_cores, le=256)
    """Cores that the run may keep busy; `0.5` is half of one. A request cannot change it."""
    output_mb: Megabytes
    """What is kept of each output stream."""
    disk_mb: Megabytes
    """What fits in the work folder, and again in `/tmp`."""
    disk_inodes: int = Field(ge=LEAST_LIMITS.shape.disk_inodes, le=1_000_000)
    """Files and folders in the work folder, and again in `/tmp`. A request cannot change it."""
    file_mb: Megabytes
    """The largest single file."""
    # The engines give a container no more, so that a larger number would mean nothing.
    open_files: int = Field(ge=LEAST_LIMITS.open_files, le=OPEN_FILES_MOST)
    """Open files of one process; at most 4096, which is what a container gets."""


class RuffSection(Section):
    """Which rules of ruff's are looked for. Entries are rule prefixes: `F`, `F82`, `F821`."""

    select: tuple[RulePrefix, ...] = Field(min_length=1)
    """Rules that ruff looks for, as prefixes: a group (`F`), a part of it (`F82`) or one rule
    (`F821`). At least one; never `ALL`, which means other rules with each version of ruff. A team
    adds to it."""
    ignore: tuple[RulePrefix, ...]
    """Rules left out of those. The longer prefix wins, `ignore` among equals. A team keeps some of
    them, or none."""
    block: tuple[RulePrefix, ...]
    """Rules whose findings fail the verification; findings of the others are warnings. Each must be
    selected, since a rule that is never looked for is no safeguard. A team adds to it."""

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
            raise contradiction(f"block names {blocked}, which select does not cover")
        # As ruff weighs them: the longer prefix wins, and ignore wins over select of its length.
        for prefix in self.ignore:
            if covers(prefix, blocked) and len(prefix) >= max(selecting):
                raise contradiction(f"block names {blocked}, which ignore leaves out")


class MypySection(Section):
    """How mypy is run."""

    strictness: MypyStrictness
    """`"off"` (in quotes, since YAML versions disagree about it), `standard` (annotated code is
    checked) or `strict` (everything must be annotated)."""
    block: bool
    """Whether mypy's errors fail the verification; else they are warnings."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.block and self.strictness is MypyStrictness.OFF:
            raise contradiction("block is true, but mypy is off")
        return self


class AnalysisSection(Section):
    """What the code is searched for before it runs."""

    ruff: RuffSection
    """The linter."""
    mypy: MypySection
    """The type checker."""
    suppressions: Literal["ignore", "honor"]
    """`ignore`: `# noqa`, `# type: ignore` and their like in the code count for nothing. `honor`:
    they count."""


class AssuranceSection(Section):
    """What a pass must be worth."""

    least: Literal["shared", "split_objects", "split", "external"]
    """The weakest assurance of a pass: how far the code could have influenced its verdict; see the
    values below."""
    objects: Literal["mark", "refuse"]
    """A test that leans on what an object of the code says of itself (`==`, `in`, `isinstance`):
    `mark` lowers its assurance to SPLIT_OBJECTS, `refuse` fails it as UNVERIFIABLE."""


class FeedbackSection(Section):
    """What goes back to whoever submitted the code."""

    to_submitter: Feedback
    """`full`; `inputs`: which input failed, no expected or actual value; `verdict`: status and
    reason, no check by itself. What the program itself printed is told at every level."""


class EngineSection(Section):
    """Where the code may run."""

    least_isolation: Literal["container", "user_namespace"]
    """The weakest isolation that code may run behind: `container`, every barrier that is probed of
    any engine; `user_namespace`, besides, the container's root is nobody on the host."""
    allow: tuple[EngineName, ...] = Field(min_length=1)
    """Engines that it may run in: `runc`, `docker`."""


class StaticSection(Section):
    """Which static rules the source is searched for, by id or by group, and what each does.

    A group is a file in `policies/static/`. Of several outcomes for one rule the strictest holds.
    """

    fail: tuple[Name, ...]
    """A match fails the verification before anything runs."""
    hold: tuple[Name, ...]
    """A match waits for a person before anything runs."""
    warn: tuple[Name, ...]
    """A match is told as a warning."""
    approval: ApprovalSection | None = None
    """Who decides on what is held; given where something is."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = (*self.fail, *self.hold, *self.warn)
        for index, name in enumerate(names):
            if name in names[:index]:
                raise contradiction(f"{name} is named twice")
        if self.hold and self.approval is None:
            raise contradiction("approval is missing: who decides on what is held?")
        if not self.hold and self.approval is not None:
            raise contradiction("approval is given, but nothing is held")
        return self


def _check_prefixes(name: str, prefixes: tuple[str, ...]) -> None:
    if _EVERY_RULE in prefixes:
        problem = f"{name} names {_EVERY_RULE}, which means other rules with each version of ruff"
        raise contradiction(f"{problem}; name the groups")
    for index, prefix in enumerate(prefixes):
        if prefix in prefixes[:index]:
            raise contradiction(f"{name} names {prefix} twice")
