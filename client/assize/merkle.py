"""The Merkle tree of RFC 6962 and RFC 9162: hashes, proofs and what verifies them. Pure.

It stores nothing and knows no entries. A tree of n leaves is kept as its complete subtrees: node
(level, position) covers the leaves from position * 2**level on, 2**level of them. Whoever keeps
them hands over `read`, and one leaf more makes at most log2(n) + 1 new ones (`grown`).

- A leaf is hashed with a zero byte before it, two nodes with a one: no leaf passes for a node.
- A proof that is too short, too long or about another size verifies nothing.
- Sizes and positions come from outside: what makes no sense is a ValueError where a proof is made,
  and False where one is verified.

Sections named below are those of RFC 9162.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_BYTES: Final = 32

Read = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree at (level, position)."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of an entry (2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees (2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(size: int, leaf: bytes, read: Read) -> Iterator[tuple[int, int, bytes]]:
    """Yield (level, position, hash) of each subtree that one more leaf completes.

    `leaf` is the hash of the entry at index `size`.
    """
    level, position, made = 0, size, leaf
    yield level, position, made
    while position % 2:
        made = node_hash(read(level, position - 1), made)
        level, position = level + 1, position // 2
        yield level, position, made


def root(size: int, read: Read) -> bytes:
    """Return the root of the first `size` leaves."""
    return _range(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: Read) -> tuple[bytes, ...]:
    """Return the path from leaf `index` to the root of the first `size` leaves (2.1.3.1).

    Raises:
        ValueError: There is no such leaf in that tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no entry {index} in a log of {size}")
    return tuple(_path(index, 0, size, read))


def consistency_proof(old: int, new: int, read: Read) -> tuple[bytes, ...]:
    """Return what shows that the first `new` leaves begin with the first `old` ones (2.1.4.1).

    Raises:
        ValueError: The old tree is empty or larger than the new one.
    """
    if not 0 < old <= new:
        raise ValueError(f"a log of {new} entries cannot be compared with one of {old}")
    return tuple(_subproof(old, 0, new, read, known=True))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> bool:
    """Tell whether the proof leads from the leaf's hash to the root (2.1.3.2)."""
    if not 0 <= index < size or not _well_formed((leaf, expected_root, *proof)):
        return False
    number, last, made = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if number % 2 or number == last:
            made = node_hash(sibling, made)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            made = node_hash(made, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and made == expected_root


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Tell whether the proof shows that the new tree begins with the old one (2.1.4.2).

    An empty old tree begins every tree, and needs no proof.
    """
    if not 0 <= old <= new or not _well_formed((old_root, new_root, *proof)):
        return False
    if old in {0, new}:
        same = EMPTY_ROOT if old == 0 else new_root
        return not proof and old_root == same
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    return bool(path) and _meets(old, new, path, (old_root, new_root))


def _meets(old: int, new: int, path: Sequence[bytes], roots: tuple[bytes, bytes]) -> bool:
    number, last = old - 1, new - 1
    while number % 2:
        number, last = number >> 1, last >> 1
    made_old = made_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if number % 2 or number == last:
            made_old, made_new = node_hash(sibling, made_old), node_hash(sibling, made_new)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            made_new = node_hash(made_new, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and (made_old, made_new) == roots


class Frontier:
    """A tree that only grows, kept as the few complete subtrees that its root is made of."""

    def __init__(self) -> None:
        self.size = 0
        """How many leaves there are."""
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more entry."""
        made, number = leaf, self.size
        while number % 2:
            made, number = node_hash(self._peaks.pop(), made), number >> 1
        self._peaks.append(made)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        made = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            made = node_hash(peak, made)
        return made


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _range(begin: int, end: int, read: Read) -> bytes:
    """Return the hash over leaves `begin` to `end`; `begin` fits the size, as all of ours do."""
    count = end - begin
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return read(level, begin >> level)
    middle = begin + _split(count)
    return node_hash(_range(begin, middle, read), _range(middle, end, read))


def _path(index: int, begin: int, end: int, read: Read) -> Iterator[bytes]:
    if end - begin == 1:
        return
    middle = begin + _split(end - begin)
    if index < middle:
        yield from _path(index, begin, middle, read)
        yield _range(middle, end, read)
    else:
        yield from _path(index, middle, end, read)
        yield _range(begin, middle, read)


def _subproof(old: int, begin: int, end: int, read: Read, *, known: bool) -> Iterator[bytes]:
    """Yield the proof for leaves up to `old`; `known` says that the verifier has that root."""
    if old == end:
        if not known:
            yield _range(begin, end, read)
        return
    middle = begin + _split(end - begin)
    if old <= middle:
        yield from _subproof(old, begin, middle, read, known=known)
        yield _range(middle, end, read)
    else:
        yield from _subproof(old, middle, end, read, known=False)
        yield _range(begin, middle, read)


def _well_formed(hashes: Sequence[bytes]) -> bool:
    return all(len(each) == HASH_BYTES for each in hashes)
