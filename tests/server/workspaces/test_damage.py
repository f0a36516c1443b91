"""A snapshot whose objects are damaged is never made the head; what is damaged is named."""

import pytest
from support.workspaces import NOW_MS, planted

from assize.model.workspaces import EntryKind
from assize.trees import EMPTY_TREE, Digest, FolderNode, digest_of
from assize_sandbox.errors import SandboxError
from assize_server.workspaces import heads
from assize_server.workspaces.contents import measured
from assize_server.workspaces.errors import Damaged
from assize_server.workspaces.records import EMPTY, Entry, Snapshot
from assize_server.workspaces.store import WorkspaceStore

FILES: dict[str, bytes | str] = {"a": b"one", "d/b": b"two", "d/e/c": b"three", "l": "a"}


@pytest.fixture
def old(store: WorkspaceStore) -> Snapshot:
    """A snapshot that is not the head any more."""
    store.create("ann", "shop", NOW_MS)
    base = EMPTY
    for files in (FILES, {"a": b"one", "n": b"new"}):
        found = store.database.read_now(lambda c: heads.named(c, "ann", "shop"))
        new = measured(store.objects, base, planted(store.objects, files))
        entry = Entry(EntryKind.PUSH, "ann", NOW_MS)
        quotas = store.settings.quotas
        store.database.write_now(
            lambda c: heads.move_head(c, found.id, found.head.id, new, entry, quotas)  # noqa: B023
        )
        base = new
    return store.snapshots("ann", "shop", "head~1")[0]


def roll_back(store: WorkspaceStore) -> str:
    """Return why a rollback to the old snapshot is refused."""
    head = store.workspace("ann", "shop").head
    with pytest.raises(Damaged) as caught:
        store.rollback("ann", "shop", "head~1", "", "", NOW_MS)
    assert store.workspace("ann", "shop").head == head
    return str(caught.value)


def test_proof_counts_what_was_read(store: WorkspaceStore, old: Snapshot) -> None:
    """Every tree; of the files those that the head does not have; the others are there."""
    done = store.rollback("ann", "shop", "head~1", "", "", NOW_MS)
    proof = done.proof
    assert (proof.recomputed, proof.trees_verified) == (old.id, 3)
    assert (proof.files_present, proof.files_verified) == (3, 2)
    assert proof.bytes_verified == len(b"two") + len(b"three")


@pytest.mark.parametrize(("content", "path"), [(b"two", "d/b"), (b"three", "d/e/c")])
@pytest.mark.parametrize("kind", ["missing", "corrupt", "shorter"])
@pytest.mark.usefixtures("old")
def test_damaged_blob_is_named_and_refuses(
    store: WorkspaceStore, content: bytes, path: str, kind: str
) -> None:
    """Each way to be damaged, with path and digest."""
    digest = digest_of(content)
    place = store.objects.path(digest)
    if kind == "missing":
        place.unlink()
    else:
        place.write_bytes(content[:-1] if kind == "shorter" else content[::-1])
    told = roll_back(store)
    assert digest in told
    assert path in told


@pytest.mark.usefixtures("old")
def test_missing_blob_that_the_head_has_too_is_named(store: WorkspaceStore) -> None:
    """It was damaged before; a rollback says so all the same."""
    store.objects.path(digest_of(b"one")).unlink()
    assert digest_of(b"one") in roll_back(store)


@pytest.mark.parametrize("kind", ["missing", "corrupt"])
def test_damaged_tree_is_named_and_refuses(store: WorkspaceStore, old: Snapshot, kind: str) -> None:
    """Read from the disk each time: that it was fine before does not count."""
    below = store.objects.tree(old.root.tree)["d"]
    assert isinstance(below, FolderNode)
    place = store.objects.path(below.tree)
    if kind == "missing":
        place.unlink()
    else:
        place.write_bytes(b"[]")
    told = roll_back(store)
    assert below.tree in told
    assert "'d'" in told


@pytest.mark.usefixtures("old")
def test_head_that_is_damaged_can_be_rolled_back(store: WorkspaceStore) -> None:
    """The way out of a damaged head is the point of a history."""
    head = store.snapshots("ann", "shop", "head")[0]
    store.objects.path(head.root.tree).unlink()
    done = store.rollback("ann", "shop", "head~1", "", "", NOW_MS)
    assert done.proof.files_verified == 3


@pytest.mark.usefixtures("old")
def test_damaged_tree_stops_a_collection_before_anything_is_removed(
    store: WorkspaceStore, old: Snapshot
) -> None:
    """What is below it cannot be known, so that nothing may go."""
    garbage = store.objects.put(b"garbage")
    below = store.objects.tree(old.root.tree)["d"]
    assert isinstance(below, FolderNode)
    store.objects.delete(below.tree)
    with pytest.raises(Damaged, match=below.tree):
        store.collect(NOW_MS * 2)
    assert store.objects.has(garbage)


def test_objects_are_touched_by_what_relies_on_them(store: WorkspaceStore) -> None:
    """Missing ones are told apart, and what is put again is young again."""
    digest = store.objects.put(b"x")
    assert store.objects.delete_untouched(digest, since_ns=0) is None
    assert store.objects.touch(digest)
    assert store.objects.delete_untouched(digest, since_ns=2**63 - 1) == 1
    assert not store.objects.touch(digest)
    assert store.objects.delete_untouched(digest, since_ns=2**63 - 1) is None
    with pytest.raises(SandboxError, match="missing"):
        store.objects.size_bytes(digest)


def test_empty_tree_needs_no_object(store: WorkspaceStore) -> None:
    """What a workspace begins with is there without having been put."""
    assert store.objects.tree(EMPTY_TREE) == {}
    assert not store.objects.has(Digest(EMPTY_TREE))
