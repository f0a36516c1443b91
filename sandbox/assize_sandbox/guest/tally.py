"""Whether the candidate's objects are as long as they say.

Tests that ask for `len` and then take items in pairs rely on both being of the same list. An object
may tell a length that suits and end early.
"""

from typing import Any


class Tally:
    """Counts the items of objects, each known by what its stand-in stands for."""

    def __init__(self) -> None:
        self._told: dict[Any, int] = {}
        self._ended: dict[Any, int] = {}
        self._open: dict[Any, tuple[Any, int]] = {}

    def told(self, thing: Any, length: int) -> bool:
        """Note a length; tell whether it is no lie as far as we know."""
        self._told[thing] = length
        return length <= self._ended.get(thing, length)

    def started(self, thing: Any, iterator: Any) -> None:
        """Note an iterator of an object."""
        self._open[iterator] = (thing, 0)

    def went_on(self, iterator: Any) -> None:
        """Note an item of an iterator."""
        if iterator in self._open:
            thing, count = self._open[iterator]
            self._open[iterator] = (thing, count + 1)

    def over(self, iterator: Any) -> bool:
        """Note the end of an iterator; tell whether the length told was no lie."""
        if iterator not in self._open:
            return True
        thing, count = self._open[iterator]
        return self.ended(thing, count)

    def ended(self, thing: Any, count: int) -> bool:
        """Note that an object has no item at a position; tell whether the length was no lie."""
        self._ended[thing] = min(count, self._ended.get(thing, count))
        return self._told.get(thing, 0) <= count
