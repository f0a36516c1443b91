"""Memory that the guest can forget: everything of the candidate's passes through it.

SECURITY: each call runs in a copy of this process, so whatever an earlier call sent through the
guest's heap could be found there by a later one: freed memory keeps its bytes. So arguments,
output, answers and files are read straight into pages that are given back before the next fork.
"""

import mmap
import os


class Scratch:
    """A run of private pages."""

    def __init__(self, size: int) -> None:
        self._pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._view = memoryview(self._pages)
        self.used = 0
        """How many bytes hold what was read."""

    @property
    def content(self) -> memoryview:
        """What was read so far; empty after `forget`."""
        return self._view[: self.used]

    def read(self, descriptor: int, most: int | None = None) -> int:
        """Append what one read(2) gives, as far as there is room; return how much, 0 at the end."""
        end = len(self._view) if most is None else min(len(self._view), self.used + most)
        count = os.readv(descriptor, [self._view[self.used : end]])
        self.used += count
        return count

    @property
    def full(self) -> bool:
        """Whether nothing more fits."""
        return self.used == len(self._view)

    def drop(self, count: int) -> None:
        """Drop the first bytes; what follows them moves to the start."""
        rest = self.used - count
        if rest == 0:
            self.forget()
        elif count:
            self._pages.move(0, count, rest)
            self.used = rest

    def forget(self) -> None:
        """Give the pages back to the kernel: they are zeros when touched again (madvise(2))."""
        self._pages.madvise(mmap.MADV_DONTNEED)
        self.used = 0
