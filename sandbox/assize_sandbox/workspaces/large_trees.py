"""The large trees that were read last, kept up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from assize_sandbox.workspaces.nodes import Digest, Tree


class LargeTrees:
    """Keeps trees from being read anew. Safe for threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._trees: OrderedDict[Digest, tuple[Tree, int]] = OrderedDict()
        self._total_bytes = 0

    def tree(self, digest: Digest, size_bytes: int, read: Callable[[Digest], Tree]) -> Tree:
        """Return a tree, read unless it is kept."""
        with self._lock:
            known = self._trees.get(digest)
            if known is not None:
                self._trees.move_to_end(digest)
                return known[0]
        tree = read(digest)
        with self._lock:
            if digest not in self._trees and size_bytes <= self._most_bytes:
                self._trees[digest] = tree, size_bytes
                self._total_bytes += size_bytes
            while self._total_bytes > self._most_bytes:
                self._total_bytes -= self._trees.popitem(last=False)[1][1]
        return tree

    def clear(self) -> None:
        """Keep none of them: an object was removed."""
        with self._lock:
            self._trees.clear()
            self._total_bytes = 0
