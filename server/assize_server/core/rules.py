"""What a policy's effect rules say, as records. How they are matched is in `weighing.py`.

- Within one policy file the strictest rule that matches decides (deny > hold > allow); among
  equally strict ones the first that is listed, and its budget and approval are those that hold.
- What no rule matches, the file's `default` decides.
- Over layers the strictest decision holds, and obligations combine to the tighter one.
- A path begins with `workspace/`. A rename is weighed at both of its paths.
"""

from dataclasses import dataclass

from assize.model.effects import Decision, EffectKind

DEFAULT_RULE = "default"
"""Stands for a rule's id where none matched."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which effects a rule is about: all of its conditions must hold."""

    kinds: frozenset[EffectKind]
    """The kinds; `fs.any` and `db.any` of a file stand for all of theirs."""
    path: str | None = None
    """A glob over `workspace/<path>`: `*` and `?` within a part, `**` over parts; None: any."""
    table: str | None = None
    """A glob over `schema.table` of `db` effects; None: any."""
    over_bytes: int | None = None
    """Only what is larger than this afterwards; None: of any size."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of what a rule allows one run may do; beyond it the rule holds."""

    count: int | None = None
    """Effects; of `db` effects, rows."""
    bytes: int | None = None
    """Bytes of what is there afterwards."""


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
