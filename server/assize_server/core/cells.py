"""Divides effects into cells: within one, the same rules can match, and only names tell them apart.

A cell is some kinds and sizes, and for each layer of rules those that can match there, in the order
in which they are asked: the strictest first, and among equals as listed. Rules look at a size only
through `over_bytes`, so that the thresholds of the rules divide all sizes into few ranges.

- `fs.special` is in no cell: it is denied whatever the rules say.
- A rename is weighed at both of its paths, and what holds of it follows from what holds at each.
  So where no single path is decided otherwise, no rename is: to look at one path is enough.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assize.model.effects import EffectKind
from assize_server.core.rules import DB_KINDS, SIZED_KINDS, EffectRules, Rule


@dataclass(frozen=True, slots=True, order=True)
class Sizes:
    """A range of sizes."""

    least: int = 0
    """In bytes; the smallest of the range."""
    most: int | None = None
    """In bytes, itself included; None: no bound."""


@dataclass(frozen=True, slots=True)
class Where:
    """A kind of effect and a range of sizes."""

    kind: EffectKind
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class Cell:
    """Effects that the same rules can match."""

    wheres: tuple[Where, ...]
    """Never empty."""
    asked: tuple[tuple[int, ...], ...]
    """For each layer the indices of the rules that can match, in the order they are asked."""
    tables: bool
    """Whether the table of an effect matters."""


def cells(layers: Sequence[EffectRules]) -> tuple[Cell, ...]:
    """Return the cells of some layers, together all effects."""
    found: defaultdict[tuple[tuple[tuple[int, ...], ...], bool], list[Where]] = defaultdict(list)
    for where in _wheres(layers):
        asked = tuple(_asked(layer, where) for layer in layers)
        found[asked, _tables_matter(layers, asked)].append(where)
    return tuple(Cell(tuple(wheres), *key) for key, wheres in found.items())


def _wheres(layers: Sequence[EffectRules]) -> Iterator[Where]:
    for kind in EffectKind:
        if kind is EffectKind.FS_SPECIAL:
            continue
        for sizes in _ranges(kind, layers):
            yield Where(kind, sizes)


def _ranges(kind: EffectKind, layers: Sequence[EffectRules]) -> Iterator[Sizes]:
    """Yield the ranges that the thresholds of the rules divide all sizes into."""
    if kind not in SIZED_KINDS:
        yield Sizes(0, 0)
        return
    thresholds = {
        rule.match.over_bytes
        for layer in layers
        for rule in layer.rules
        if kind in rule.match.kinds and rule.match.over_bytes is not None
    }
    least = 0
    for threshold in sorted(thresholds):
        yield Sizes(least, threshold)
        least = threshold + 1
    yield Sizes(least)


def _asked(layer: EffectRules, where: Where) -> tuple[int, ...]:
    about = (index for index, rule in enumerate(layer.rules) if _can_match(rule, where))
    return tuple(sorted(about, key=lambda index: -layer.rules[index].then))


def _can_match(rule: Rule, where: Where) -> bool:
    over = rule.match.over_bytes
    return (
        where.kind in rule.match.kinds
        and (over is None or where.sizes.least > over)
        and (rule.match.table is None or where.kind in DB_KINDS)
    )


def _tables_matter(layers: Sequence[EffectRules], asked: Sequence[Sequence[int]]) -> bool:
    return any(
        layer.rules[index].match.table is not None
        for layer, indices in zip(layers, asked, strict=True)
        for index in indices
    )
