"""Pull: the folder becomes the snapshot, through no link, and no local change is lost unsaid."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.workspaces import Ground, lay, planted, seen

from assize.checkout.landing import Landing
from assize.checkout.remote import Silence
from assize.errors import Conflict, InvalidRequest, NotFound, ServiceFailure
from assize.model.workspaces import EntryKind
from assize.trees import EMPTY_TREE, FolderNode, digest_of
from assize.workspaces import WorkspaceClient
from assize_server.workspaces import heads
from assize_server.workspaces.contents import measured
from assize_server.workspaces.records import Entry

FILES: dict[str, bytes | str] = {"a": b"one", "d/b": b"two", "d/e/c": b"three", "l": "d/b"}
SEEN = {**FILES, "d": None, "d/e": None}


def pushed(client: WorkspaceClient, shop: str, folder: Path, files: dict[str, bytes | str]) -> str:
    """Push files from a folder; return the snapshot."""
    lay(folder, files)
    return client.push(shop, folder).snapshot


def committed(ground: Ground, shop: str, files: dict[str, bytes | str]) -> str:
    """Commit files as a run would, whatever their names; return the snapshot."""
    store = ground.store
    found = store.database.read_now(lambda c: heads.named(c, "ann", shop))
    new = measured(store.objects, found.head, planted(store.objects, files))
    entry = Entry(EntryKind.COMMIT, "agent", ground.now_ms, "", "v1")
    quotas = store.settings.quotas
    store.database.write_now(
        lambda c: heads.move_head(c, found.id, found.head.id, new, entry, quotas)
    )
    return new.id


def test_pull_into_an_empty_folder_makes_it_the_snapshot(
    client: WorkspaceClient, shop: str, one: Path, tmp_path: Path
) -> None:
    """Files, links, folders, modes; the folder itself is made if it is not there."""
    lay(one, FILES)
    (one / "a").chmod(0o500)
    (one / "d" / "e").chmod(0o511)
    snapshot = client.push(shop, one).snapshot
    new = tmp_path / "not" / "there"
    pulled = client.pull(shop, new)
    assert seen(new) == SEEN
    assert stat.S_IMODE((new / "a").stat().st_mode) == 0o500
    assert stat.S_IMODE((new / "d" / "e").stat().st_mode) == 0o511
    assert (pulled.snapshot, pulled.written) == (snapshot, ("a", "d/b", "d/e/c", "l"))
    assert client.push(shop, new).entry is None


def test_pull_fetches_only_what_is_lacking(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """What is here under another name is taken from here."""
    pushed(client, shop, one, FILES)
    assert client.pull(shop, two).bytes == 11
    (one / "a").rename(one / "renamed")
    (one / "d" / "b").write_bytes(b"2")
    client.push(shop, one)
    pulled = client.pull(shop, two)
    assert (pulled.bytes, pulled.written, pulled.removed) == (1, ("d/b", "renamed"), ("a",))
    assert seen(two) == seen(one)
    assert client.pull(shop, two).written == ()


def test_pull_of_an_older_snapshot_goes_back(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """Types change, too: a file where a folder was, and the other way round."""
    first = pushed(client, shop, one, {"x": b"file", "y/z": b"in a folder", "k": "x"})
    client.pull(shop, two)
    (one / "x").unlink()
    (one / "y" / "z").unlink()
    (one / "y").rmdir()
    (one / "k").unlink()
    pushed(client, shop, one, {"x/inner": b"1", "y": b"file now", "k/m": b"2"})
    client.pull(shop, two)
    assert seen(two) == seen(one)
    client.pull(shop, two, snapshot=first)
    assert seen(two) == {"k": "x", "x": b"file", "y": None, "y/z": b"in a folder"}


def test_local_change_that_the_snapshot_does_not_touch_is_kept(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """So that others' work can be taken in before one's own is pushed."""
    pushed(client, shop, one, FILES)
    client.pull(shop, two)
    (two / "a").write_bytes(b"mine")
    (two / "d" / "e" / "c").unlink()
    lay(two, {"unknown": b"mine"})
    pushed(client, shop, one, {"new": b"theirs"})
    pulled = client.pull(shop, two)
    assert (pulled.written, pulled.kept) == (("new",), ("a", "d/e/c"))
    assert (two / "a").read_bytes() == b"mine"
    assert (two / "unknown").read_bytes() == b"mine"
    client.push(shop, two)
    assert client.file(shop, "new").data == b"theirs"


def test_local_change_that_the_snapshot_changes_too_refuses_the_pull(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """Every such file is named, and nothing at all is changed; force says what is lost."""
    pushed(client, shop, one, FILES)
    client.pull(shop, two)
    (one / "a").write_bytes(b"theirs")
    (one / "d" / "b").unlink()
    pushed(client, shop, one, {"n": b"theirs", "o": b"theirs"})
    (two / "a").write_bytes(b"mine")
    (two / "d" / "b").write_bytes(b"mine")
    lay(two, {"n": b"mine"})
    before = seen(two)
    with pytest.raises(Conflict) as caught:
        client.pull(shop, two)
    assert [each.field for each in caught.value.violations] == ["a", "d/b", "n", "pull"]
    assert seen(two) == before
    pulled = client.pull(shop, two, force=True)
    assert pulled.overwritten == ("a", "d/b", "n")
    assert seen(two) == seen(one)


def test_force_brings_local_changes_back_to_the_snapshot(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """Also those that the snapshot does not touch; what no snapshot knows stays."""
    pushed(client, shop, one, FILES)
    (one / "a").write_bytes(b"mine")
    (one / "d" / "b").unlink()
    (one / "l").unlink()
    os.mkfifo(one / "l")
    lay(one, {"unknown": b"mine"})
    pulled = client.pull(shop, one, force=True)
    assert pulled.overwritten == ("a", "l")
    assert seen(one) == {**SEEN, "unknown": b"mine"}


def test_folder_with_unknown_files_is_not_removed(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """It goes only when it is empty; where it is in the way, the pull says so."""
    first = pushed(client, shop, one, {"d/a": b"1"})
    client.pull(shop, two)
    lay(two, {"d/unknown": b"mine"})
    (one / "d" / "a").unlink()
    (one / "d").rmdir()
    client.push(shop, one)
    client.pull(shop, two)
    assert seen(two) == {"d": None, "d/unknown": b"mine"}
    pushed(client, shop, one, {"d": b"a file"})
    for force in (False, True):
        with pytest.raises(Conflict):
            client.pull(shop, two, force=force)
    assert (two / "d" / "unknown").read_bytes() == b"mine"
    client.pull(shop, two, snapshot=first)


@pytest.mark.parametrize("force", [False, True])
def test_link_to_a_folder_outside_is_never_written_through(
    client: WorkspaceClient, shop: str, one: Path, two: Path, tmp_path: Path, force: bool
) -> None:
    """Not when it stands where the snapshot has a folder; with force the link goes."""
    pushed(client, shop, one, {"d/a": b"1"})
    outside = lay(tmp_path / "outside", {"kept": b"x"})
    (two / "d").symlink_to(outside)
    if force:
        assert client.pull(shop, two, force=True).overwritten == ("d",)
        assert seen(two) == {"d": None, "d/a": b"1"}
    else:
        with pytest.raises(Conflict):
            client.pull(shop, two)
    assert seen(outside) == {"kept": b"x"}


def test_link_of_the_snapshot_is_never_written_through(
    client: WorkspaceClient, shop: str, one: Path, two: Path, tmp_path: Path
) -> None:
    """First a link to a folder outside, then a folder of that name with a file in it."""
    outside = lay(tmp_path / "outside", {"a": b"x"})
    pushed(client, shop, one, {"d": str(outside)})
    client.pull(shop, two)
    assert (two / "d").is_symlink()
    (one / "d").unlink()
    pushed(client, shop, one, {"d/a": b"1"})
    client.pull(shop, two)
    assert seen(two) == {"d": None, "d/a": b"1"}
    assert seen(outside) == {"a": b"x"}


def test_link_swapped_in_during_a_pull_is_not_followed(
    client: WorkspaceClient, shop: str, one: Path, two: Path, tmp_path: Path
) -> None:
    """Somebody here replaces a folder by a link once the pull has looked at it."""
    pushed(client, shop, one, {"d/a": b"1"})
    client.pull(shop, two)
    (one / "d" / "a").write_bytes(b"2")
    client.push(shop, one)
    outside = lay(tmp_path / "outside", {"a": b"1"})

    class Meddles(Silence):
        """Swaps the folder for a link."""

        def begin(self, doing: str, total: int) -> None:
            """Swap it."""
            if doing == "writing the folder":
                (two / "d").rename(tmp_path / "moved")
                (two / "d").symlink_to(outside)

    with pytest.raises(Conflict):
        client.pull(shop, two, report=Meddles())
    assert seen(outside) == {"a": b"1"}
    assert seen(tmp_path / "moved") == {"a": b"1"}


def test_file_changed_during_a_pull_is_not_overwritten(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """What stands there is looked at once more before it is replaced."""
    pushed(client, shop, one, {"a": b"1"})
    client.pull(shop, two)
    (one / "a").write_bytes(b"2")
    client.push(shop, one)

    class Meddles(Silence):
        """Saves a file from an editor."""

        def begin(self, doing: str, total: int) -> None:
            """Save it."""
            if doing == "writing the folder":
                (two / "a").write_bytes(b"mine")

    with pytest.raises(Conflict, match="a was changed while the pull was under way"):
        client.pull(shop, two, report=Meddles())
    assert (two / "a").read_bytes() == b"mine"


@pytest.mark.parametrize("after", range(8))
def test_pull_that_is_interrupted_can_be_run_again(
    client: WorkspaceClient, shop: str, one: Path, two: Path, after: int
) -> None:
    """At any path: the second run finishes, and needs no force."""
    pushed(client, shop, one, {"x": b"file", "y/z": b"1", "k": "x", "gone": b"2", "d/s": b"3"})
    client.pull(shop, two)
    for name in ("x", "k", "gone", "y/z", "y"):
        place = one / name
        place.rmdir() if name == "y" else place.unlink()
    pushed(client, shop, one, {"x/inner": b"4", "y": b"now a file", "k": b"now a file"})

    class Stops(Silence):
        """Stops after a number of paths."""

        left = after

        def advance(self, amount: int) -> None:
            """Count down; stop."""
            if amount == 1:
                self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.pull(shop, two, report=Stops())
    client.pull(shop, two)
    assert seen(two) == seen(one)
    assert list((two / ".assize" / "aside").iterdir()) == []


def test_content_that_was_fetched_before_is_not_fetched_again(
    client: WorkspaceClient, shop: str, one: Path, two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits aside, and is checked before it is used."""
    pushed(client, shop, one, {"a": b"11", "b": b"222"})

    def dies(_self: Landing) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Landing, "land", dies)
        with pytest.raises(KeyboardInterrupt):
            client.pull(shop, two)
    (two / ".assize" / "aside" / digest_of(b"222")).write_bytes(b"333")
    assert client.pull(shop, two).bytes == 3
    assert seen(two) == {"a": b"11", "b": b"222"}


def test_names_of_git_and_of_our_own_are_left_out(
    client: WorkspaceClient, ground: Ground, shop: str, one: Path
) -> None:
    """An agent that leaves hooks or a state file in the workspace reaches nobody's folder."""
    files: dict[str, bytes | str] = {
        ".git/hooks/post-checkout": b"evil",
        "sub/.GIT/config": b"evil",
        ".assize/state.json": b"{}",
        "fine": b"",
    }
    committed(ground, shop, files)
    pulled = client.pull(shop, one)
    assert seen(one) == {"fine": b"", "sub": None}
    assert [each for each in files if each in pulled.left_out] == list(files)[:3]


def test_folder_of_another_workspace_is_refused(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """What is known of the one says nothing of the other."""
    pushed(client, shop, one, FILES)
    client.create("other")
    with pytest.raises(Conflict, match="belongs to workspace shop, not other"):
        client.pull("other", one)


def test_state_that_was_tampered_with_is_refused(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """Nothing is guessed about what is known."""
    pushed(client, shop, one, FILES)
    state = one / ".assize" / "state.json"
    for text in ("", "[]", '{"format": "x"}', '{"format": "assize.checkout.v1", "entries": 3}'):
        state.write_text(text)
        with pytest.raises(InvalidRequest, match="cannot be used"):
            client.pull(shop, one)


def test_own_folder_that_is_a_link_is_refused(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """Nothing of ours is written elsewhere."""
    (one / ".assize").symlink_to(two)
    with pytest.raises(InvalidRequest):
        client.push(shop, one)
    assert seen(two) == {}


def test_second_pull_at_the_same_time_is_refused(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """Two would see each other's half-done work."""
    pushed(client, shop, one, FILES)

    class Meddles(Silence):
        """Pulls into the same folder."""

        def begin(self, doing: str, total: int) -> None:
            """Pull."""
            with pytest.raises(Conflict, match="under way"):
                client.pull(shop, one)

    client.pull(shop, one, report=Meddles())


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"owT")])
def test_damaged_content_is_named_and_never_served(
    client: WorkspaceClient,
    ground: Ground,
    shop: str,
    one: Path,
    two: Path,
    damage: Callable[[Path], object],
) -> None:
    """The folder stays as it was."""
    pushed(client, shop, one, {"a": b"Two"})
    place = ground.blob(digest_of(b"Two"))
    damage(place)
    try:
        with pytest.raises(ServiceFailure, match=digest_of(b"Two")):
            client.pull(shop, two)
        with pytest.raises(ServiceFailure, match=digest_of(b"Two")):
            client.file(shop, "a")
    finally:
        place.write_bytes(b"Two")
    assert seen(two) == {}


def test_snapshot_or_file_that_is_not_there_is_not_found(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """With what may be given instead."""
    pushed(client, shop, one, FILES)
    with pytest.raises(NotFound, match="head~N"):
        client.pull(shop, one, snapshot="f" * 64)
    for path in ("none", "d", "l", "../a", "/a", "", "d//b", "a/b"):
        with pytest.raises(NotFound):
            client.file(shop, path)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)
CONTENT = st.one_of(
    st.binary(max_size=40),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
)
TREES = st.recursive(
    CONTENT, lambda below: st.dictionaries(NAMES, below, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))


def written(folder: Path, tree: object) -> None:
    """Make a folder's content out of nested dictionaries."""
    assert isinstance(tree, dict)
    for name, below in tree.items():
        place = folder / name
        if isinstance(below, dict):
            place.mkdir(exist_ok=True)
            written(place, below)
        elif isinstance(below, bytes):
            place.write_bytes(below)
        else:
            place.symlink_to(below)


def usable(tree: object) -> bool:
    """Tell whether no name means something to the file system or to us."""
    reserved = {".", "..", ".git", ".assize", ".gitignore", ".assizeignore"}
    if not isinstance(tree, dict):
        return True
    return all(
        name.casefold() not in reserved and len(name.encode()) < 256 and usable(below)
        for name, below in tree.items()
    )


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trees=st.lists(TREES.filter(usable), min_size=1, max_size=3))
def test_any_folders_pushed_one_after_the_other_come_back(
    client: WorkspaceClient,
    ground: Ground,
    tmp_path_factory: pytest.TempPathFactory,
    trees: list[object],
) -> None:
    """Push, pull: the same tree, whatever was in the folder before; and so again with the old."""
    ground.caller = "property"
    for each in client.workspaces():
        client.delete(each.name)
    client.create("any")
    there = tmp_path_factory.mktemp("there")
    snapshots = []
    for tree in trees:
        here = tmp_path_factory.mktemp("here")
        written(here, tree)
        snapshots.append((client.push("any", here, force=True).snapshot, seen(here)))
        client.pull("any", there)
        assert seen(there) == seen(here)
    for snapshot, content in snapshots:
        rolled_back = client.rollback("any", snapshot)
        assert rolled_back.proof.recomputed == snapshot
        client.pull("any", there)
        assert seen(there) == content


def test_empty_head_is_an_empty_folder(client: WorkspaceClient, shop: str, one: Path) -> None:
    """A workspace that nobody pushed to can be pulled, and an empty folder pushed."""
    pushed(client, shop, one, FILES)
    client.pull(shop, one, snapshot="head~1")
    assert seen(one) == {}
    assert client.listing(shop, "head~1").entries == {}
    assert FolderNode(EMPTY_TREE).mode == client.listing(shop, "head~1").root_mode
