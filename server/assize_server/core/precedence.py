"""Orders of precedence over the patterns of an automaton: what decides, and what no longer can.

An *order* is a list of levels, the first of which that matches decides; a *level* is a set of
patterns, of which one suffices. `normal` takes from a state what can no longer decide, so that
states which differ in nothing else become one. It keeps fifty rules like `**/name/**` at fifty
states, where all ways to match them are 2 to the fiftieth:

- Once a level matches however the word goes on, it is one bit, and what comes after it is out.
- Once a level matches however the word goes on within this part of the path (`*` ends a pattern),
  what comes after it is out so far as a slash would end it anyway; and likewise for `*/**` and what
  comes to nothing without a slash.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from assize_server.core.positions import Place, Positions

Level = frozenset[int]
"""Indices of patterns, of which one suffices."""
Order = tuple[Level, ...]
"""The first level that matches decides; how many they are stands for none."""
Combination = tuple[int, ...]
"""For each order, the index of the level that decides."""


@dataclass(frozen=True, slots=True)
class _Bits:
    """Those of the patterns of one level, see `Place`."""

    settled: int
    """The level's own bit: it matches however the word goes on."""
    accepting: int
    owned: int
    last: int
    before: int
    certain: int
    certain_in_part: int
    certain_beyond: int

    @classmethod
    def of(cls, places: Sequence[Place], settled: int) -> "_Bits":
        return cls(
            settled=settled,
            accepting=settled | union(place.accepting for place in places),
            owned=union(place.owned for place in places),
            last=union(place.last for place in places),
            before=union(place.before for place in places),
            certain=settled | union(place.certain for place in places),
            certain_in_part=union(place.certain_in_part for place in places),
            certain_beyond=union(place.certain_beyond for place in places),
        )


@dataclass(slots=True)
class Precedence:
    """Some orders over the patterns of an automaton."""

    positions: Positions
    orders: Sequence[Order]
    _levels: list[list[_Bits]] = field(init=False)
    _foretelling: int = field(init=False)
    """The bits that put something out."""
    _telling: int = field(init=False)
    """The bits that match where a word ends."""
    _normal: dict[int, tuple[int, int]] = field(default_factory=dict)
    _decided: dict[int, Combination] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give each level a bit."""
        places = self.positions.places
        self._levels = [
            [
                _Bits.of([places[index] for index in level], self.positions.lasting())
                for level in order
            ]
            for order in self.orders
        ]
        every = [bits for levels in self._levels for bits in levels]
        self._telling = union(bits.accepting for bits in every)
        self._foretelling = union(
            bits.certain | bits.certain_in_part | bits.certain_beyond for bits in every
        )

    def used(self) -> list[int]:
        """Return the patterns of all levels."""
        return sorted({index for order in self.orders for level in order for index in level})

    def normal(self, state: int) -> int:
        """Return the state without what can no longer decide."""
        foretold = state & self._foretelling
        if not foretold:
            return state
        if foretold not in self._normal:
            self._normal[foretold] = self._simplification(foretold)
        kept, settled = self._normal[foretold]
        return state & kept | settled

    def decided(self, state: int) -> Combination:
        """Return which level of each order decides where a word ends here."""
        told = state & self._telling
        if told not in self._decided:
            self._decided[told] = tuple(_first(levels, told) for levels in self._levels)
        return self._decided[told]

    def _simplification(self, foretold: int) -> tuple[int, int]:
        """Return the bits that still count, and those of the levels that are settled."""
        kept, settled = 0, 0
        for levels in self._levels:
            omens = _Omens(foretold)
            for bits in levels:
                if foretold & bits.certain:
                    settled |= bits.settled
                    break
                kept |= omens.kept(bits)
        return kept, settled


@dataclass(slots=True)
class _Omens:
    """What the levels of one order, so far, foretell of those after them."""

    foretold: int
    in_part: bool = False
    """Without a slash, one of them matches."""
    beyond: bool = False
    """With a slash, one of them matches."""

    def kept(self, bits: _Bits) -> int:
        """Return the bits of the next level that still count."""
        kept, out = 0, 0
        if not self.in_part and (runs := self.foretold & bits.certain_in_part):
            self.in_part = True
            kept |= _borne_out(runs)
        if not self.beyond and (runs := self.foretold & bits.certain_beyond):
            self.beyond = True
            kept |= _borne_out(runs)
        if self.in_part:
            out |= bits.last
        if self.beyond:
            out |= bits.before
        return kept | bits.owned & ~out


def union(masks: Iterable[int]) -> int:
    """Return the bits of all masks."""
    union = 0
    for mask in masks:
        union |= mask
    return union


def _borne_out(runs: int) -> int:
    """Return the bit of one `*`, and that after it, which bears out what the `*` foretells."""
    run = runs & -runs
    return run | run << 1


def _first(levels: Sequence[_Bits], told: int) -> int:
    for number, bits in enumerate(levels):
        if told & bits.accepting:
            return number
    return len(levels)
