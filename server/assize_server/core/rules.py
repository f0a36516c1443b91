"""What a policy's effect rules say, as records. How they are matched is in `weighing.py`.

- Within one policy file the strictest rule that matches decides (deny > hold > allow); among
  equally strict ones the first that is listed, and its budget and approval are those that hold.
- What no rule matches, the file's `default` decides.
- Over layers the strictest decision holds, and obligations combine to the tighter one.
- A path begins with `workspace/`. A rename is weighed at both of its paths.
- What no workspace can hold (`fs.special`) is denied, whatever the rules say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from assize.model.effects import Decision, EffectKind

DEFAULT_RULE: Final = "default"
"""Stands for a rule's id where none matched."""
SPECIAL_RULE: Final = "fs.special"
"""Stands for a rule's id where no policy is asked."""
SPECIAL_WHY: Final = "No workspace can hold it, so that it never lands; no policy can allow it."
ROOT: Final = "workspace/"
"""Before the path of an effect, where rules are asked about it."""

FS_KINDS: Final = frozenset(kind for kind in EffectKind if kind.value.startswith("fs."))
DB_KINDS: Final = frozenset(EffectKind) - FS_KINDS
RENAMES: Final = frozenset({EffectKind.FS_RENAME, EffectKind.FS_RENAME_OVER})
SIZED_KINDS: Final = RENAMES | {
    EffectKind.FS_CREATE,
    EffectKind.FS_WRITE,
    EffectKind.FS_TRUNCATE,
    EffectKind.FS_CHMOD,
}
"""Kinds after which a file is there, which has a size."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which effects a rule is about: all of its conditions must hold."""

    kinds: frozenset[EffectKind]
    """The kinds; `fs.any` and `db.any` of a file stand for all of theirs."""
    path: str | None = None
    """A glob over `workspace/<path>`, see `globs.py`; None: any."""
    table: str | None = None
    """A glob over `schema.table`, of a rule about `db` kinds alone; None: any. An effect that names
    no table meets every such rule that denies or holds, and none that allows."""
    over_bytes: int | None = None
    """Only what is larger than this afterwards, of a rule about `SIZED_KINDS` alone; None: of any
    size."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of what a rule allows one run may do; beyond it the rule holds."""

    count: int | None = None
    """Effects; of `db` effects, rows. None: any number."""
    bytes: int | None = None
    """Bytes of what is there afterwards. None: any number."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who must agree before something held lands."""

    groups: frozenset[str]
    """A person of any of these counts; of none, nobody can agree."""
    quorum: int
    """How many different people."""
    ttl_seconds: int
    """How long the hold waits before it is denied."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy file."""

    id: str
    """Unique in its file; shown with each decision."""
    why: str
    """Why it is there, for whoever is held or denied by it."""
    match: Match
    then: Decision
    budget: Budget | None = None
    """Of an `allow` rule."""
    approval: Approval | None = None
    """Of a `hold` rule, and of an `allow` rule with a budget."""


@dataclass(frozen=True, slots=True)
class EffectRules:
    """The effect rules of one policy file."""

    default: Decision
    rules: tuple[Rule, ...]
    approval: Approval | None = None
    """Of what `default` holds; None where it allows or denies."""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """What a policy file says of itself: this effect, by this rule."""

    kind: EffectKind
    path: str
    """As rules see it, `workspace/` included."""
    expect: Decision
    by: str
    """The id of the rule that decides, `default`, or `fs.special`."""
    source: str = ""
    """Of a rename: where it was, as rules see it."""
    table: str = ""
    """Of `db` kinds."""
    bytes: int = 0
    """Of `SIZED_KINDS`: the size afterwards."""


def combined(approvals: Iterable[Approval]) -> Approval | None:
    """Return what meets all of the approvals at once, None for none.

    Where they share no group the result has none, and nobody can agree.
    """
    each = tuple(approvals)
    if not each:
        return None
    return Approval(
        groups=frozenset.intersection(*(approval.groups for approval in each)),
        quorum=max(approval.quorum for approval in each),
        ttl_seconds=min(approval.ttl_seconds for approval in each),
    )


def fault_of_path(path: str) -> str | None:
    """Return why no effect has such a path, None if one may: only those have a meaning here."""
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return f"must be a path without empty parts, . and .., got {path!r}"
    return None
