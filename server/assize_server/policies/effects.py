"""The part of a policy file that is about what a run changes: rules, approvals, and tests.

A rule says `group` or `groups`, and leaves out what is not about it (`path`, `limits` ...). What is
left out means the same in every file: no condition, no budget.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from assize.model.effects import EffectKind
from assize_server.core import globs
from assize_server.core.rules import (
    DB_KINDS,
    FS_KINDS,
    RENAMES,
    SIZED_KINDS,
    fault_of_path,
)
from assize_server.policies.form import Line, Name, Section, contradiction

KINDS: Final = tuple(kind.value for kind in EffectKind)
ANY_KIND: Final = {"fs.any": FS_KINDS, "db.any": DB_KINDS}
"""Words that stand for several kinds."""
_TTL_MOST_SECONDS: Final = 30 * 24 * 60 * 60
_UNITS: Final = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
_QUORUM_MOST: Final = 20
_RULES_MOST: Final = 1000
_INT_MOST: Final = 2**53


def seconds_of(ttl: str) -> int:
    """Return a duration such as `15m` in seconds."""
    return int(ttl[:-1]) * _UNITS[ttl[-1]]


def _glob(text: str) -> str:
    try:
        globs.parse(text)
    except globs.GlobError as error:
        raise contradiction(str(error)) from error
    return text


def _table_glob(text: str) -> str:
    try:
        globs.parse_table(text)
    except globs.GlobError as error:
        raise contradiction(str(error)) from error
    return text


def _path(text: str) -> str:
    """Take a path that an effect could have; it needs not be below `workspace/`."""
    if fault := fault_of_path(text):
        raise contradiction(fault)
    return text


def _kind(text: str) -> str:
    if text not in ANY_KIND and text not in KINDS:
        raise contradiction(f"must be one of {', '.join((*ANY_KIND, *KINDS))}, got {text!r}")
    return text


def _table(text: str) -> str:
    if not all(text.partition(".")):
        raise contradiction(f"must be schema.table, such as main.users, got {text!r}")
    return text


def _ttl(text: str) -> str:
    if seconds_of(text) > _TTL_MOST_SECONDS:
        raise contradiction(f"must be at most 30d, got {text}")
    return text


KindText = Annotated[
    str, AfterValidator(_kind), Field(json_schema_extra={"enum": [*ANY_KIND, *KINDS]})
]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_-]{0,62}$")]
GlobText = Annotated[str, AfterValidator(_glob)]
TableGlobText = Annotated[str, AfterValidator(_table_glob)]
PathText = Annotated[str, AfterValidator(_path)]
TableText = Annotated[str, AfterValidator(_table)]
Ttl = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,6}[smhd]$"), AfterValidator(_ttl)]
# As `RuleId`, or what stands for one.
Decider = Annotated[
    str, StringConstraints(pattern=r"^([A-Z][A-Z0-9_-]{0,62}|default|fs\.special)$")
]
Verb = Literal["allow", "hold", "deny"]
Amount = Annotated[int, Field(ge=1, le=_INT_MOST)]


class ApprovalSection(Section):
    """Who must agree before what is held goes on. Either `group` or `groups`."""

    group: Name | None = None
    """The group that a person must be of."""
    groups: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """The groups: a person of any of them counts."""
    quorum: int = Field(ge=1, le=_QUORUM_MOST)
    """How many different people must agree."""
    ttl: Ttl
    """How long the hold waits before it is denied: `15m`, `8h`, `2d`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.group is None) == (self.groups is None):
            raise contradiction("give either group or groups")
        return self

    def names(self) -> frozenset[str]:
        """Return the groups, however they are given."""
        return frozenset(self.groups or ((self.group,) if self.group else ()))


class MatchSection(Section):
    """Which effects a rule is about: all that is given must hold."""

    kind: tuple[KindText, ...] = Field(min_length=1)
    """Kinds of effects; `fs.any` and `db.any` stand for all of theirs."""
    path: GlobText | None = None
    """A pattern over the path, which begins with `workspace/`; left out: any."""
    table: TableGlobText | None = None
    """A pattern over `schema.table`, where all kinds are `db` ones; left out: any."""
    over_bytes: int | None = Field(default=None, ge=0, le=_INT_MOST)
    """Only files that are larger than this afterwards; left out: of any size."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kinds = self.kinds()
        if self.table is not None and not kinds <= DB_KINDS:
            raise contradiction("table is given, but not all kinds are db kinds")
        if self.over_bytes is not None and not kinds <= SIZED_KINDS:
            known = ", ".join(sorted(SIZED_KINDS))
            raise contradiction(f"over_bytes is given, which is about {known} alone")
        return self

    def kinds(self) -> frozenset[EffectKind]:
        """Return the kinds, each by itself."""
        each = (ANY_KIND.get(kind) or {EffectKind(kind)} for kind in self.kind)
        return frozenset[EffectKind]().union(*each)


class BudgetSection(Section):
    """How much of what it allows one run may do; what goes beyond it is held."""

    count: Amount | None = None
    """Effects, or rows of `db` effects; left out: any number."""
    bytes: Amount | None = None
    """Bytes of the files that are there afterwards; left out: any number."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.count is None and self.bytes is None:
            raise contradiction("give count, bytes or both")
        return self


class RuleSection(Section):
    """What is done about some effects, and why."""

    id: RuleId
    """Shown with each decision; unique in its file."""
    why: Line
    """Why the rule is there, for whoever is held or denied by it."""
    match: MatchSection
    """Which effects it is about."""
    then: Verb
    """`allow`, `hold` for a person, or `deny`."""
    limits: BudgetSection | None = None
    """Of an `allow` rule: how much per run."""
    approval: ApprovalSection | None = None
    """Who decides on what the rule holds: of a `hold` rule, and of an `allow` rule with limits."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        holds = self.then == "hold" or self.limits is not None
        if self.limits is not None and self.then != "allow":
            raise contradiction(f"limits are given, but the rule does not allow: it is {self.then}")
        if holds and self.approval is None:
            raise contradiction("approval is missing: who decides on what the rule holds?")
        if not holds and self.approval is not None:
            raise contradiction("approval is given, but the rule holds nothing")
        if self.then != "deny" and EffectKind.FS_SPECIAL in self.match.kind:
            raise contradiction("fs.special can only be denied; no workspace can hold it")
        return self


class ActSection(Section):
    """The effect of a test."""

    kind: EffectKind
    """Its kind; one."""
    path: PathText
    """Its path, `workspace/` included."""
    source: PathText | None = None
    """Of a rename: where the file was."""
    table: TableText | None = None
    """Of `db` kinds: `schema.table`; left out: it is not known."""
    bytes: int | None = Field(default=None, ge=0, le=_INT_MOST)
    """The file's size afterwards; left out: 0."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.source is not None) != (self.kind in RENAMES):
            raise contradiction("source is given for renames, and for nothing else")
        if self.table is not None and self.kind not in DB_KINDS:
            raise contradiction("table is given, but the kind is not a db kind")
        if self.bytes is not None and self.kind not in SIZED_KINDS:
            raise contradiction(f"bytes is given, but nothing of a size is there after {self.kind}")
        return self


class RuleTestSection(Section):
    """What the file says of one effect. A file whose tests do not hold is not loaded."""

    effect: ActSection
    """The effect, in a run of its own."""
    expect: Verb
    """What is decided."""
    by: Decider
    """Which rule decides; `default` where none is about it, `fs.special` where none denies that."""


Rules = Annotated[tuple[RuleSection, ...], Field(max_length=_RULES_MOST)]
RuleTests = Annotated[tuple[RuleTestSection, ...], Field(max_length=10 * _RULES_MOST)]
