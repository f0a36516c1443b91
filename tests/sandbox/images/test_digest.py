"""A tree's digest changes with what is in the tree, and with nothing else."""

import os
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from assize_sandbox.images.digest import combined, tree_digest

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)
TREES = st.dictionaries(NAMES.filter(lambda name: name not in {".", ".."}), st.binary(max_size=40))


def digest_of(tree: dict[str, bytes], mtime: int = 0) -> str:
    """Write the files in the order that they come and return the folder's digest."""
    with TemporaryDirectory() as folder:
        for name, content in tree.items():
            path = Path(folder, name)
            path.write_bytes(content)
            os.utime(path, (mtime, mtime))
        return tree_digest(Path(folder))


@given(TREES, st.randoms(use_true_random=False), st.integers(0, 2**31))
def test_order_and_times_do_not_change_the_digest(
    tree: dict[str, bytes], random: Random, mtime: int
) -> None:
    """Two copies of one tree have one digest."""
    names = list(tree)
    random.shuffle(names)
    assert digest_of({name: tree[name] for name in names}, mtime) == digest_of(tree)


@given(TREES, TREES)
def test_different_trees_have_different_digests(
    one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    """A name or a byte more, less or elsewhere shows."""
    assert (digest_of(one) == digest_of(two)) == (one == two)


def test_permissions_change_the_digest(tmp_path: Path) -> None:
    """A file that becomes executable shows."""
    file = tmp_path / "file"
    file.touch(mode=0o644)
    before = tree_digest(tmp_path)
    file.chmod(0o755)
    assert tree_digest(tmp_path) != before


def test_link_differs_from_the_file_that_it_points_to(tmp_path: Path) -> None:
    """A link counts with where it points to; it is not followed."""
    link = tmp_path / "link"
    link.symlink_to("one")
    before = tree_digest(tmp_path)
    link.unlink()
    link.symlink_to("two")
    assert tree_digest(tmp_path) != before


@given(st.dictionaries(NAMES, st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1))
def test_combined_depends_on_every_part(parts: dict[str, str]) -> None:
    """Leaving one part out shows."""
    for name in parts:
        assert combined({key: parts[key] for key in parts if key != name}) != combined(parts)
