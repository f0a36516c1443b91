"""The Merkle tree against published vectors, a second construction, and forged proofs."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize import merkle

# Leaves, roots and proofs as published with Certificate Transparency's reference code
# (github.com/transparency-dev/merkle, testonly; before it google/certificate-transparency).
LEAVES = (
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
)
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
LEAF_6 = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
NODE_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
NODE_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
NODE_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSION = {
    (0, 1): (),
    (0, 8): (LEAF_1, NODE_2_3, NODE_4_7),
    (5, 8): (LEAF_4, NODE_6_7, ROOTS[4]),
    (2, 3): (ROOTS[2],),
    (1, 5): (ROOTS[1], NODE_2_3, LEAF_4),
}
CONSISTENCY = {
    (1, 1): (),
    (1, 8): (LEAF_1, NODE_2_3, NODE_4_7),
    (2, 8): (NODE_2_3, NODE_4_7),
    (6, 8): (NODE_4_5, NODE_6_7, ROOTS[4]),
    (2, 5): (NODE_2_3, LEAF_4),
    (6, 7): (NODE_4_5, LEAF_6, ROOTS[4]),
}
MOST = 70
sizes = st.integers(1, MOST)


class Stored:
    """A tree as a store keeps it: every complete subtree, each written once."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        for size, data in enumerate(leaves):
            for level, position, made in merkle.grown(size, merkle.leaf_hash(data), self.read):
                assert (level, position) not in self.nodes
                self.nodes[level, position] = made

    def read(self, level: int, position: int) -> bytes:
        """Return a subtree's hash."""
        return self.nodes[level, position]

    def root(self, size: int) -> bytes:
        """Return the root of the first leaves."""
        return merkle.root(size, self.read)


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root as RFC 9162, 2.1.1 defines it, word by word."""
    if len(leaves) < 2:
        return merkle.leaf_hash(leaves[0]) if leaves else merkle.EMPTY_ROOT
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def numbered(size: int) -> list[bytes]:
    """Return so many different entries."""
    return [b"entry %d" % number for number in range(size)]


TREE = Stored(LEAVES)
LARGE = Stored(numbered(MOST))


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_roots_are_the_published_ones(size: int) -> None:
    """By the stored subtrees, by the frontier and by the definition."""
    frontier = merkle.Frontier()
    for data in LEAVES[:size]:
        frontier.append(merkle.leaf_hash(data))
    made = (TREE.root(size), frontier.root(), defined_root(LEAVES[:size]))
    assert [each.hex() for each in made] == [ROOTS[size]] * 3
    assert frontier.size == size


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int) -> None:
    """Made and verified."""
    proof = merkle.inclusion_proof(index, size, TREE.read)
    assert tuple(each.hex() for each in proof) == INCLUSION[index, size]
    leaf = merkle.leaf_hash(LEAVES[index])
    assert merkle.verify_inclusion(leaf, index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(old: int, new: int) -> None:
    """Made and verified."""
    proof = merkle.consistency_proof(old, new, TREE.read)
    assert tuple(each.hex() for each in proof) == CONSISTENCY[old, new]
    roots = (bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]))
    assert merkle.verify_consistency(old, new, proof, *roots)


def test_roots_of_every_size_are_as_defined() -> None:
    """The stored subtrees and the frontier give what the definition says."""
    frontier = merkle.Frontier()
    for size, data in enumerate(numbered(MOST), start=1):
        frontier.append(merkle.leaf_hash(data))
        defined = defined_root(numbered(size))
        assert (LARGE.root(size), frontier.root()) == (defined, defined)


def test_one_more_entry_writes_few_nodes() -> None:
    """The cost of an entry grows with the logarithm: over all entries it is below two nodes."""
    assert len(LARGE.nodes) < 2 * MOST


@given(st.data())
def test_every_proof_that_is_made_verifies_and_no_changed_one(data: st.DataObject) -> None:
    """A flipped bit, a missing or added hash, another index, size or root: each is refused."""
    size = data.draw(sizes)
    index = data.draw(st.integers(0, size - 1))
    leaf = merkle.leaf_hash(numbered(size)[index])
    proof = merkle.inclusion_proof(index, size, LARGE.read)
    right = LARGE.root(size)
    assert merkle.verify_inclusion(leaf, index, size, proof, right)
    for wrong in damaged(data, proof):
        assert not merkle.verify_inclusion(leaf, index, size, wrong, right)
    other = data.draw(st.integers(-1, size + 1).filter(lambda number: number != index))
    assert not merkle.verify_inclusion(leaf, other, size, proof, right)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"forged"), index, size, proof, right)
    assert not merkle.verify_inclusion(leaf, index, size, proof, merkle.leaf_hash(b"forged"))


@given(st.data())
def test_every_consistency_proof_verifies_and_no_changed_one(data: st.DataObject) -> None:
    """No rewritten history has a proof made of another one's."""
    new = data.draw(sizes)
    old = data.draw(st.integers(1, new))
    proof = merkle.consistency_proof(old, new, LARGE.read)
    roots = (LARGE.root(old), LARGE.root(new))
    assert merkle.verify_consistency(old, new, proof, *roots)
    for wrong in damaged(data, proof):
        assert not merkle.verify_consistency(old, new, wrong, *roots)
    forged = merkle.leaf_hash(b"forged")
    assert not merkle.verify_consistency(old, new, proof, forged, roots[1])
    assert not merkle.verify_consistency(old, new, proof, roots[0], forged)


def damaged(data: st.DataObject, proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """Return the proof damaged in each way."""
    made = [(*proof, merkle.EMPTY_ROOT)]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        made += [
            proof[:-1],
            proof[1:],
            (*proof[:place], changed, *proof[place + 1 :]),
            (*proof[:place], proof[place][:-1], *proof[place + 1 :]),
        ]
    return made


def test_rewritten_entry_fits_no_older_root() -> None:
    """A log that was rebuilt around one forged entry cannot be shown to continue the old one."""
    forged = numbered(MOST)
    forged[42] = b"forged"
    rebuilt = Stored(forged)
    proof = merkle.consistency_proof(50, MOST, rebuilt.read)
    assert merkle.verify_consistency(50, MOST, proof, rebuilt.root(50), rebuilt.root(MOST))
    assert not merkle.verify_consistency(50, MOST, proof, LARGE.root(50), rebuilt.root(MOST))


def test_empty_log_begins_every_log() -> None:
    """Without a proof, and only if the old root is that of no entries."""
    right = LARGE.root(3)
    assert merkle.verify_consistency(0, 3, (), merkle.EMPTY_ROOT, right)
    assert not merkle.verify_consistency(0, 3, (), right, right)
    assert not merkle.verify_consistency(0, 3, (right,), merkle.EMPTY_ROOT, right)
    assert not merkle.verify_consistency(4, 3, (), right, right)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_is_made_of_an_entry_that_is_not_there(index: int, size: int) -> None:
    """Nor of a tree that is smaller than the one before."""
    with pytest.raises(ValueError, match="there is no entry"):
        merkle.inclusion_proof(index, size, LARGE.read)
    with pytest.raises(ValueError, match="cannot be compared"):
        merkle.consistency_proof(size + 1, size, LARGE.read)


def test_leaf_does_not_pass_for_a_node() -> None:
    """The bytes of two hashes, as an entry, have another hash than the node above them."""
    left, right = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
