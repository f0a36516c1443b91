"""Finds, for every way in which lists of rules can decide together, a shortest word that does it.

Given several orders of precedence (an old policy and a new one), `search` reads all words at once,
shortest first, and returns for each combination of deciding levels the first word that leads to it.
A combination that is not returned does not exist: that is the proof.

- Words are well-formed paths, relative, in parts that are neither empty nor `.` nor `..`; and where
  tables count, a schema and a name after it, or neither.
- All characters that no pattern names behave alike; one of them stands for all.
- A state is the places that all patterns have come to (`positions.py`), without what can no longer
  decide (`precedence.py`). Every state that can be reached is visited, once, or the allowance is
  exhausted and nothing is said.

It does not know what a decision is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from assize_server.core.positions import BREAK, SLASH, SLASH_OF_NAME, Pattern, Positions
from assize_server.core.precedence import Combination, Order, Precedence, union

MOST_STATES: Final = 200_000
"""Visited for one answer; some seconds."""

_DOT: Final = "."
_OTHERS: Final = "xabcdefghijklmnopqrstuvwyz0123456789_-"
_LETTERS_BEYOND: Final = 0xE0
"""Where no ASCII character is left: LATIN SMALL LETTER A WITH GRAVE, and on. Capitals are left out,
since in tables they count as small letters."""


class NotProven(Exception):
    """The search was given up: nothing is known about what it had not come to."""


@dataclass(slots=True)
class Allowance:
    """How many states may still be visited, over any number of searches."""

    states: int = MOST_STATES

    def spend(self) -> None:
        """Count one state.

        Raises:
            NotProven: There is none left.
        """
        if self.states <= 0:
            raise NotProven("the globs are too entangled: more states than may be visited")
        self.states -= 1


class _Spot(IntEnum):
    """Where in a well-formed word the next symbol stands."""

    PART_BEGINS = 0
    ONE_DOT = 1
    TWO_DOTS = 2
    WITHIN_PART = 3
    TABLE_OR_END = 4
    SCHEMA = 5
    NAME_BEGINS = 6
    NAME = 7


_SPOTS: Final = tuple(_Spot)
_SPOT_BITS: Final = 3
_SPOT_MASK: Final = (1 << _SPOT_BITS) - 1

Step = tuple[int, int, str]
"""A state and its spot, the index of the step before it, and the symbol between them."""


def search(
    patterns: Sequence[Pattern], orders: Sequence[Order], allowance: Allowance, *, tables: bool
) -> dict[Combination, str]:
    """Return every combination that some word leads to, and a shortest such word.

    Words are read by `path_of` and `table_of`.

    Raises:
        NotProven: The allowance does not suffice.
    """
    machine = _Machine(patterns, orders, tables)
    first = machine.first()
    seen = {first}
    trail: list[Step] = [(first, -1, "")]
    found: dict[Combination, str] = {}
    for index, (current, _, _) in enumerate(trail):
        allowance.spend()
        decided = machine.decided(current)
        if decided is not None and decided not in found:
            found[decided] = _word(trail, index)
        for symbol, after in machine.steps(current):
            if after not in seen:
                seen.add(after)
                trail.append((after, index, symbol))
    return found


def path_of(word: str) -> str:
    """Return the path of a word."""
    return word.partition(BREAK)[0]


def table_of(word: str) -> str:
    """Return the table of a word as `schema.table`; empty: none."""
    table = word.partition(BREAK)[2]
    return table.replace(BREAK, _DOT, 1).replace(SLASH_OF_NAME, SLASH)


def _word(trail: Sequence[Step], index: int) -> str:
    symbols: list[str] = []
    while index >= 0:
        _, index, symbol = trail[index]
        symbols.append(symbol)
    return "".join(reversed(symbols))


@dataclass(slots=True)
class _Machine:
    """All patterns laid side by side, read together with what is well-formed."""

    patterns: Sequence[Pattern]
    orders: Sequence[Order]
    tables: bool
    _positions: Positions = field(default_factory=Positions)
    _precedence: Precedence = field(init=False)
    _every_literal: int = field(init=False)
    _other: str = field(init=False)
    _named: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay the patterns side by side."""
        for pattern in self.patterns:
            self._positions.add(pattern, tables=self.tables)
        self._precedence = Precedence(self._positions, self.orders)
        self._every_literal = union(self._positions.literals.values())
        self._other = _unnamed(self._positions.literals)

    def first(self) -> int:
        """Return the state before the first symbol."""
        start = self._positions.begun(self._precedence.used())
        return self._precedence.normal(start) << _SPOT_BITS | _Spot.PART_BEGINS

    def decided(self, current: int) -> Combination | None:
        """Return what decides if the word ends here; None: it cannot end here."""
        spot = _SPOTS[current & _SPOT_MASK]
        if self.tables:
            may_end = spot in {_Spot.TABLE_OR_END, _Spot.NAME}
        else:
            may_end = spot is _Spot.WITHIN_PART
        return self._precedence.decided(current >> _SPOT_BITS) if may_end else None

    def steps(self, current: int) -> Iterator[tuple[str, int]]:
        """Yield each symbol that may come next, and the state after it."""
        state = current >> _SPOT_BITS
        for symbol, spot in self._symbols(state, _SPOTS[current & _SPOT_MASK]):
            after = self._precedence.normal(self._positions.after(state, symbol))
            yield symbol, after << _SPOT_BITS | spot

    def _symbols(self, state: int, spot: _Spot) -> list[tuple[str, _Spot]]:
        named = self._named_here(state)
        match spot:
            case _Spot.PART_BEGINS:
                return self._characters(named, _Spot.WITHIN_PART, _Spot.ONE_DOT)
            case _Spot.ONE_DOT:
                return self._characters(named, _Spot.WITHIN_PART, _Spot.TWO_DOTS)
            case _Spot.TWO_DOTS:
                return self._characters(named, _Spot.WITHIN_PART)
            case _Spot.WITHIN_PART:
                characters = self._characters(named, _Spot.WITHIN_PART)
                ends = [(BREAK, _Spot.TABLE_OR_END)] if self.tables else []
                return [*characters, (SLASH, _Spot.PART_BEGINS), *ends]
            case _Spot.TABLE_OR_END:
                return self._characters(named, _Spot.SCHEMA)
            case _Spot.SCHEMA:
                return [*self._characters(named, _Spot.SCHEMA), (BREAK, _Spot.NAME_BEGINS)]
            case _Spot.NAME_BEGINS | _Spot.NAME:
                return self._characters(named, _Spot.NAME)

    def _characters(
        self, named: tuple[str, ...], then: _Spot, after_dot: _Spot | None = None
    ) -> list[tuple[str, _Spot]]:
        """Return the characters that make a difference here, and one that stands for all others."""
        characters = [(self._other, then), *((character, then) for character in named)]
        if after_dot is None:
            return characters
        return [*(each for each in characters if each[0] != _DOT), (_DOT, after_dot)]

    def _named_here(self, state: int) -> tuple[str, ...]:
        """Return the characters that a pattern waits for."""
        waiting = state & self._every_literal
        if waiting not in self._named:
            literals = self._positions.literals.items()
            named = sorted(character for character, bits in literals if waiting & bits)
            self._named[waiting] = tuple(named)
        return self._named[waiting]


def _unnamed(named: Mapping[str, int]) -> str:
    """Return a character that no pattern names."""
    for character in _OTHERS:
        if character not in named:
            return character
    code = _LETTERS_BEYOND
    while chr(code) in named:
        code += 1
    return chr(code)
