"""Nothing that a run does hides behind the files that were submitted for it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assize.trees import FileNode, FolderNode, LinkNode, Node
from assize_sandbox.workspaces.editing import changed, node_at, placed, without_untouched
from assize_sandbox.workspaces.objects import ObjectStore

PATHS = ("main.py", "a", "a/main.py", "a/b", "a/b/x", "c")
SUBMITTED = {"main.py": b"submitted", "a/b/x": b"submitted too"}
CONTENTS = (b"old", b"submitted", b"submitted too", b"new")
things = st.one_of(
    st.none(),
    st.sampled_from(["/etc", "main.py"]),
    st.tuples(st.sampled_from(CONTENTS), st.sampled_from([0o644, 0o755])),
)
edits = st.dictionaries(st.sampled_from(PATHS), things, max_size=4)


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """A store that all examples share: what is in it only grows."""
    return ObjectStore(tmp_path)


def edited(objects: ObjectStore, root: FolderNode, edits: dict[str, object]) -> FolderNode:
    """Return a folder with other things in it, one edit after the other."""
    for path, thing in edits.items():
        node: Node | None = None
        if isinstance(thing, str):
            node = LinkNode(thing)
        elif isinstance(thing, tuple):
            content, mode = thing
            node = FileNode(objects.put(content), len(content), mode)
        root = changed(objects, root, {path: node})
    return root


def leaves(objects: ObjectStore, root: FolderNode, prefix: str = "") -> dict[str, Node]:
    """Return everything in a folder but folders, by path."""
    found: dict[str, Node] = {}
    for name, node in objects.tree(root.tree).items():
        if isinstance(node, FolderNode):
            found |= leaves(objects, node, f"{prefix}{name}/")
        else:
            found[prefix + name] = node
    return found


@given(before=st.dictionaries(st.sampled_from(["main.py", "c", "a/main.py"]), things), run=edits)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_only_files_as_they_were_submitted_give_way_to_what_was_there(
    objects: ObjectStore, before: dict[str, object], run: dict[str, object]
) -> None:
    """Folder, link, mode, content or another place: what the run made of it stays and is told."""
    base = edited(objects, FolderNode(objects.put_tree({})), before)
    start = placed(objects, base, SUBMITTED)
    final = edited(objects, start, run)
    shown = without_untouched(objects, base, start, final, SUBMITTED)
    there = leaves(objects, final)
    untouched = {path for path in SUBMITTED if there.get(path) == node_at(objects, start, path)}
    expected = {path: node for path, node in there.items() if path not in untouched}
    was = leaves(objects, base)
    expected |= {path: was[path] for path in untouched & was.keys()}
    assert leaves(objects, shown) == expected
