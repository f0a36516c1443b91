"""Last in, first out."""


class Stack:
    """A stack of plain values."""

    def __init__(self) -> None:
        self._items: list[object] = []

    def push(self, item: object) -> None:
        """Put an item on top."""
        self._items.append(item)

    def pop(self) -> object:
        """Take the top item off."""
        if not self._items:
            raise LookupError("empty")
        return self._items.pop()

    def size(self) -> int:
        """Return how many items there are."""
        return len(self._items)
