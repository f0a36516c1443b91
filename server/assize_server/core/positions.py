"""Globs as an automaton whose state is one integer: the places that they have come to, as bits.

The globs of many rules are laid side by side, one bit for each place in each of them, and all move
at once with a few operations on integers of some thousand bits. What is read is a *word*: a path,
and where tables count, `BREAK` and, if there is a table, its schema, `BREAK` and its name.

- A literal, `?` and `/` move a bit to its neighbour; `*` keeps it. `**` is a loop over whole parts.
- What may be left out (`*`, `**`) is stepped over at once.
- That no part is empty, `.` or `..` is not known here; `automata.py` reads such words only.

The matcher that weighs effects is another one (a regular expression, `globs.py`), so that each is
tested against the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from assize_server.core.globs import AnyChar, AnyRun, DoubleStar, Glob, Part, parse, parse_table

SLASH: Final = "/"
"""Between the parts of a path."""
BREAK: Final = "\0"
"""Ends a path, and a schema; no name holds it."""
SLASH_OF_NAME: Final = "\1"
"""Stands for a slash within a table's name, which is a character like others."""

_ANY_PATH: Final = Glob((DoubleStar(),))


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a rule asks of a word."""

    path: str | None
    """A glob over paths; None: any."""
    table: str | None = None
    """A glob over tables; None: any, and none."""
    unnamed: bool = False
    """Whether a word without a table is matched although a table is asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bits of one pattern are, and what they foretell."""

    start: int
    """The bit before the first symbol."""
    accepting: int = 0
    """A word that ends here is matched."""
    owned: int = 0
    """All of its bits."""
    last: int = 0
    """Those in the last part of the path: a slash ends them."""
    before: int = 0
    """Those in earlier parts: without a slash they come to nothing."""
    certain: int = 0
    """From here, every way to go on is matched."""
    certain_in_part: int = 0
    """From here, every way to go on without a slash is matched: `*` ends the pattern."""
    certain_beyond: int = 0
    """From here, every way to go on with a slash is matched: `*/**` ends the pattern."""


@dataclass(slots=True)
class Positions:
    """The places of many patterns, and how a symbol moves them."""

    places: list[Place] = field(default_factory=list)
    """In the order in which the patterns were added."""
    literals: dict[str, int] = field(default_factory=dict)
    """The bits that a character moves on."""
    _length: int = 0
    _any_char: int = 0
    """Moved on by every character."""
    _kept: int = 0
    """Kept by every character."""
    _slashes: int = 0
    """Moved on by a slash."""
    _returning: int = 0
    """Moved back by a slash: `**` begins another part."""
    _breaks: int = 0
    """Moved on by a break."""
    _lasting: int = 0
    """Kept by everything."""
    _skip_one: int = 0
    """What may be left out: the bits that are also one place further."""
    _skip_two: int = 0
    """The same, two places."""

    def add(self, pattern: Pattern, *, tables: bool) -> None:
        """Lay one more pattern beside the others; `tables`: words go on after the path."""
        place = self._add_path(parse(pattern.path) if pattern.path is not None else _ANY_PATH)
        end = place.accepting
        if tables:
            self._breaks |= end
        if tables and pattern.table is None:
            rest = self.lasting()
            place = replace(place, accepting=rest, certain=place.certain | rest)
        elif tables and pattern.table is not None:
            # What the path is certain of, the table can still deny.
            first = self._next()
            end = self._add_table(pattern.table) | (first if pattern.unnamed else 0)
            place = Place(place.start, end, last=place.last, before=place.before)
        self.places.append(replace(place, owned=self._next() - place.start))

    def lasting(self) -> int:
        """Return a new bit, which stays once it is set."""
        bit = self._take()
        self._lasting |= bit
        self._kept |= bit
        return bit

    def begun(self, which: Sequence[int]) -> int:
        """Return the state of these patterns before the first symbol."""
        state = 0
        for index in which:
            state |= self.places[index].start
        return self._closed(state)

    def after(self, state: int, symbol: str) -> int:
        """Return where a state is after one more symbol."""
        if symbol == SLASH:
            moved = (state & self._slashes) << 1 | (state & self._returning) >> 1
            return self._closed(moved | state & self._lasting)
        if symbol == BREAK:
            return self._closed((state & self._breaks) << 1 | state & self._lasting)
        moving = self.literals.get(symbol, 0) | self._any_char
        return self._closed((state & moving) << 1 | state & self._kept)

    def _closed(self, state: int) -> int:
        while True:
            grown = state | (state & self._skip_one) << 1 | (state & self._skip_two) << 2
            if grown == state:
                return state
            state = grown

    def _next(self) -> int:
        """Return the bit that is taken next."""
        return 1 << self._length

    def _take(self) -> int:
        self._length += 1
        return 1 << (self._length - 1)

    def _add_path(self, glob: Glob) -> Place:
        """Add a glob over paths; it accepts at the path's end."""
        start = self._next()
        *leading, final = glob.parts
        run = 0
        for part in leading:
            run = self._add_leading(part)
        last = self._next()
        if isinstance(final, DoubleStar):
            certain = self._add_all()
            return Place(
                start, self._take(), before=last - start, certain=certain, certain_beyond=run
            )
        run = self._add_part(final)
        end = self._take()
        return Place(start, end, last=self._next() - last, before=last - start, certain_in_part=run)

    def _add_leading(self, part: Part | DoubleStar) -> int:
        """Add a part and its slash; return the bit of `*` at its end, if any."""
        if isinstance(part, DoubleStar):
            first, _ = self._add_loop()
            self._skip_two |= first
            return 0
        run = self._add_part(part)
        self._slashes |= self._take()
        return run

    def _add_all(self) -> int:
        """Add what one or more whole parts match; return its bits."""
        first, within = self._add_loop()
        self._skip_one |= within
        return first | within

    def _add_loop(self) -> tuple[int, int]:
        """Add a place before a part and one within it."""
        first = self._take()
        within = self._take()
        self._any_char |= first
        self._kept |= within
        self._returning |= within
        return first, within

    def _add_table(self, text: str) -> int:
        """Add a glob over tables; return the bit that a word ends at."""
        glob = parse_table(text)
        self._add_part(glob.schema)
        self._breaks |= self._take()
        self._add_part(glob.table)
        return self._take()

    def _add_part(self, part: Part) -> int:
        """Add a part or half; return the bit of `*` at its end, if any."""
        bit = 0
        for token in part.tokens:
            bit = self._take()
            match token:
                case AnyChar():
                    self._any_char |= bit
                case AnyRun():
                    self._kept |= bit
                    self._skip_one |= bit
                case character:
                    symbol = SLASH_OF_NAME if character == SLASH else character
                    self.literals[symbol] = self.literals.get(symbol, 0) | bit
        return bit if isinstance(part.tokens[-1], AnyRun) else 0
