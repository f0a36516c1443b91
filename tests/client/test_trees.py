"""Trees: one form for one meaning, and nothing but that form is read."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize import trees
from assize.trees import (
    Digest,
    FileNode,
    FolderNode,
    LinkNode,
    MalformedTree,
    Node,
    decode_tree,
    digest_of,
    encode_tree,
    fault_of_name,
    fault_of_target,
    snapshot_id,
)
from assize_sandbox.workspaces import nodes

DIGESTS = st.binary(max_size=3).map(digest_of)
MODES = st.integers(0, trees.MODE_BITS)
NAMES = st.text(st.characters(codec="utf-8"), max_size=20).filter(
    lambda name: not fault_of_name(name.encode())
)
TARGETS = st.text(st.characters(codec="utf-8"), max_size=20).filter(
    lambda target: not fault_of_target(target.encode())
)
NODES: st.SearchStrategy[Node] = st.one_of(
    st.builds(FileNode, DIGESTS, st.integers(0, trees.SIZE_MOST_BYTES), MODES),
    st.builds(LinkNode, TARGETS),
    st.builds(FolderNode, DIGESTS, MODES),
)
TREES = st.dictionaries(NAMES, NODES, max_size=6)


@given(TREES)
def test_tree_comes_back_from_its_object(tree: dict[str, Node]) -> None:
    """Whatever order it was made in, in the order of the names' bytes."""
    content = encode_tree(tree)
    assert decode_tree(content) == tree
    assert encode_tree(dict(reversed([*tree.items()]))) == content
    assert list(decode_tree(content)) == sorted(tree, key=str.encode)


@given(TREES, TREES)
def test_different_trees_have_different_objects(
    one: dict[str, Node], other: dict[str, Node]
) -> None:
    """And so different digests."""
    assert (encode_tree(one) == encode_tree(other)) == (one == other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=4),
    max_leaves=12,
)


@given(st.one_of(st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_are_a_tree_in_its_form_or_refused(content: bytes) -> None:
    """No other exception, no second form."""
    try:
        tree = decode_tree(content)
    except MalformedTree:
        return
    assert encode_tree(tree) == content


@given(TREES.filter(bool), st.data())
def test_a_changed_byte_is_refused_or_another_tree(
    tree: dict[str, Node], data: st.DataObject
) -> None:
    """Never the same tree in another form."""
    content = bytearray(encode_tree(tree))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(MalformedTree):
        assert decode_tree(bytes(content)) != tree


@pytest.mark.parametrize(
    "name", [b"", b".", b"..", b"a/b", b"\0", b"n" * 256, b"\xff", b"\xed\xa0\x80"]
)
def test_name_that_is_none_has_a_fault(name: bytes) -> None:
    """A path of nothing but names leads nowhere else."""
    assert fault_of_name(name)


@pytest.mark.parametrize("target", [b"", b"\0", b"\xff", b"t" * 4096])
def test_target_that_is_none_has_a_fault(target: bytes) -> None:
    """Where a link leads does not matter; that it can be written down does."""
    assert fault_of_target(target)
    assert not fault_of_target(b"../../etc/passwd")


def test_snapshot_covers_the_root_folder_s_bits() -> None:
    """The same tree with other bits is another snapshot."""
    tree = Digest(trees.EMPTY_TREE)
    assert snapshot_id(FolderNode(tree, 0o755)) != snapshot_id(FolderNode(tree, 0o700))
    assert encode_tree({}) == b"[]"
    assert digest_of(b"[]") == trees.EMPTY_TREE


def test_sandbox_has_the_same_rules() -> None:
    """One module, by two names."""
    assert all(getattr(nodes, name) is getattr(trees, name) for name in nodes.__all__)
