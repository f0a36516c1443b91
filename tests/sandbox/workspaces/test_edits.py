"""Whatever is done to a view comes to the tree that it would come to in a plain folder.

Runs of random edits, each committed and the next one begun on the result, applied to a view and to
a plain folder at once. What the kernel lets one do it lets the other do.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.trees import LIMITS, Trees

from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.views import Views

SHAPE = Shape(disk_bytes=4 * 1024 * 1024, disk_inodes=1000)
Edit = Callable[[Path], object]
NAMES = "abc"


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


def remove_tree(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        raise NotADirectoryError
    shutil.rmtree(path)


def link(source: Path, target: Path) -> None:
    os.link(source, target, follow_symlinks=False)


ON_ONE: dict[str, Callable[[Path], object]] = {
    "write": lambda path: path.write_bytes(b"written"),
    "append": append,
    "truncate": lambda path: os.truncate(path, 2),
    "delete": lambda path: path.unlink(),
    "chmod": lambda path: path.chmod(0o600),
    "mkdir": lambda path: path.mkdir(),
    "rmdir": lambda path: path.rmdir(),
    "remove": remove_tree,
    "symlink": lambda path: path.symlink_to("a/b"),
    "touch": lambda path: path.touch(),
}
ON_TWO: dict[str, Callable[[Path, Path], object]] = {
    "rename": lambda source, target: source.rename(target),
    "link": link,
}


class One:
    """An edit of one path."""

    def __init__(self, name: str, path: str) -> None:
        self.told = f"{name} {path}"
        self._edit, self._path = ON_ONE[name], path

    def __call__(self, folder: Path) -> object:
        return self._edit(folder / self._path)

    def __repr__(self) -> str:
        return self.told


class Two:
    """An edit of two paths."""

    def __init__(self, name: str, source: str, target: str) -> None:
        self.told = f"{name} {source} {target}"
        self._edit, self._source, self._target = ON_TWO[name], source, target

    def __call__(self, folder: Path) -> object:
        return self._edit(folder / self._source, folder / self._target)

    def __repr__(self) -> str:
        return self.told


paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
edits = st.one_of(
    st.builds(One, st.sampled_from(sorted(ON_ONE)), paths),
    st.builds(Two, st.just("rename"), paths, paths),
    st.builds(Two, st.sampled_from(sorted(ON_TWO)), paths, paths),
)
runs = st.lists(st.lists(edits, min_size=1, max_size=12), min_size=2, max_size=4)


def outcome(edit: Edit, folder: Path) -> str:
    """Do an edit; tell whether the kernel let it be done."""
    try:
        edit(folder)
    except OSError as error:
        return type(error).__name__
    return "done"


def without_hard_links(folder: Path) -> None:
    """Make a folder anew, as the next run finds it: a tree keeps no hard links."""
    folder.rename(folder.with_name("linked"))
    shutil.copytree(folder.with_name("linked"), folder, symlinks=True)
    shutil.rmtree(folder.with_name("linked"))


SEED = ("a/a", "a/b", "a/c/a", "b/a/b", "c")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scripts=runs)
def test_edits_of_a_view_come_to_the_tree_of_a_plain_folder(
    views: Views, trees: Trees, memory: Path, scripts: list[list[Edit]]
) -> None:
    """Run after run, each on what the one before left."""
    plain = memory / "plain"
    shutil.rmtree(plain, ignore_errors=True)
    for path in SEED:
        (plain / path).parent.mkdir(parents=True, exist_ok=True)
        (plain / path).write_bytes(path.encode())
    before = trees.scanned(plain)
    for script in scripts:
        view = views.open(before, SHAPE)
        try:
            for edit in script:
                assert outcome(edit, view.folder.path) == outcome(edit, plain)
            found = view.collect(LIMITS)
            expected = trees.scanned(plain)
            assert trees.paths(found.root) == trees.paths(expected)
            assert found.root == expected
            assert found.specials == ()
            assert trees.scanned(view.folder.path) == expected
        finally:
            view.close()
        views.derive(before, found.root)
        before = found.root
        without_hard_links(plain)
