"""Push: what is sent, what is left out, what is refused; nothing of another's is overwritten."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from support.workspaces import Ground, lay, seen

from assize.checkout.remote import Outgoing, Silence
from assize.errors import Conflict, InvalidRequest
from assize.model.workspaces import EntryKind
from assize.trees import DEPTH_MOST, NAME_MOST_BYTES, digest_of
from assize.workspaces import WorkspaceClient
from assize_server.workspaces.quotas import Quotas

FILES: dict[str, bytes | str] = {"a": b"one", "d/b": b"two", "l": "d/b", "out": "/etc/passwd"}


def test_push_makes_the_folder_the_head(client: WorkspaceClient, shop: str, one: Path) -> None:
    """Files, links as links, empty folders, modes; and the log says who."""
    lay(one, FILES)
    (one / "empty").mkdir()
    (one / "a").chmod(0o751)
    pushed = client.push(shop, one, message="first")
    listing = client.listing(shop)
    assert listing.snapshot == pushed.snapshot
    assert list(listing.entries) == ["a", "d", "d/b", "empty", "l", "out"]
    assert listing.entries["a"].mode == 0o751
    assert listing.entries["out"].target == "/etc/passwd"
    entry = client.log(shop)[0]
    assert (entry.kind, entry.author, entry.message) == (EntryKind.PUSH, "ann", "first")


def test_push_of_an_unchanged_folder_does_nothing(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """No entry, no object."""
    lay(one, FILES)
    first = client.push(shop, one)
    again = client.push(shop, one)
    assert (again.entry, again.objects, again.snapshot) == (None, 0, first.snapshot)
    assert len(client.log(shop)) == 2


def test_push_sends_only_what_changed(client: WorkspaceClient, shop: str, one: Path) -> None:
    """One changed file of many: its content and the trees above it."""
    lay(one, {f"d{n}/f{m}": bytes([n, m]) for n in range(9) for m in range(9)})
    client.push(shop, one)
    (one / "d3" / "f4").write_bytes(b"other")
    pushed = client.push(shop, one)
    assert pushed.objects == 3
    # Content that the owner has sent before is not sent again, wherever it is now.
    (one / "d3" / "f4").rename(one / "moved")
    assert client.push(shop, one).objects == 2


def test_push_that_was_interrupted_sends_the_rest(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """What arrived whole is not sent again."""
    lay(one, {"a": b"1", "b": b"2"})
    arrived = Outgoing(digest_of(b"1"), 1, lambda: iter([b"1"]))
    client.upload(shop, [arrived])
    # The other content and the root's tree.
    assert client.push(shop, one).objects == 2


def test_large_file_goes_in_parts(client: WorkspaceClient, shop: str, one: Path, two: Path) -> None:
    """And comes back the same."""
    content = os.urandom(3 * 1024 * 1024 + 17)
    lay(one, {"large": content, "none": b""})
    client.push(shop, one)
    client.pull(shop, two)
    assert seen(two) == {"large": content, "none": b""}
    shown = client.file(shop, "large", most_bytes=10)
    assert (shown.data, shown.size_bytes) == (content[:10], len(content))


def test_ignored_files_stay_here(client: WorkspaceClient, shop: str, one: Path) -> None:
    """Both rule files, in every folder, the deeper and the later one first; .git always."""
    lay(
        one,
        {
            ".gitignore": b"*.log\nbuild/\n/top\n",
            ".assizeignore": b"!kept.log\nsecret\n",
            "a.log": b"",
            "kept.log": b"",
            "secret": b"",
            "top": b"",
            "build/x": b"",
            "sub/.gitignore": b"!a.log\n",
            "sub/a.log": b"",
            "sub/top": b"",
            "sub/.git/config": b"",
            ".git/config": b"",
            "nested/build/y": b"",
        },
    )
    client.push(shop, one)
    files = [".assizeignore", ".gitignore", "kept.log", "nested"]
    files += ["sub", "sub/.gitignore", "sub/a.log", "sub/top"]
    assert list(client.listing(shop).entries) == files


def test_file_that_the_snapshot_has_is_pushed_though_ignored(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """As with git: rules are for files that nobody has taken in yet."""
    lay(one, {"a.log": b"1"})
    client.push(shop, one)
    lay(one, {".gitignore": b"*.log\n", "b.log": b"2"})
    client.push(shop, one)
    assert list(client.listing(shop).entries) == [".gitignore", "a.log"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * (1024 * 1024 + 1)])
def test_rules_that_cannot_be_read_refuse_the_push(
    client: WorkspaceClient, shop: str, one: Path, content: bytes
) -> None:
    """Without its rules a folder would give away what they keep back."""
    lay(one, {".assizeignore": content, "secret": b""})
    with pytest.raises(InvalidRequest, match="rules cannot be used") as caught:
        client.push(shop, one)
    assert caught.value.violations[0].field == ".assizeignore"


def test_rules_by_a_link_refuse_the_push(client: WorkspaceClient, shop: str, one: Path) -> None:
    """A link is not followed, not even for this."""
    lay(one, {".gitignore": "elsewhere", "secret": b""})
    with pytest.raises(InvalidRequest, match="rules cannot be used"):
        client.push(shop, one)


def test_what_a_workspace_cannot_hold_is_named(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """All of it at once, each with the reason; nothing is sent."""
    os.mkfifo(one / "fifo")
    (one / "set-id").write_bytes(b"")
    (one / "set-id").chmod(0o4755)
    (one / os.fsdecode(b"not-\xff-utf8")).write_bytes(b"")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(one / "socket"))
    with pytest.raises(InvalidRequest) as caught:
        client.push(shop, one)
    told = {each.field: each.description for each in caught.value.violations}
    assert told.pop("push") == "remove these, or name them in .assizeignore"
    assert told["fifo"].startswith("is a FIFO")
    assert told["socket"].startswith("is a socket")
    assert told["set-id"].startswith("has a set-user-id")
    assert told["not-\udcff-utf8"] == "its name is not UTF-8"
    assert len(client.log(shop)) == 1


def test_what_a_workspace_cannot_hold_may_be_ignored(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """Then it is not looked at."""
    os.mkfifo(one / "fifo")
    lay(one, {".assizeignore": b"fifo\n"})
    client.push(shop, one)
    assert list(client.listing(shop).entries) == [".assizeignore"]


def test_sparse_file_of_a_pebibyte_is_refused_unread(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """By its size, or what a file system gives of it; reading it would take days."""
    size = 1 << 50
    with (one / "sparse").open("wb") as file:
        try:
            file.truncate(size)
        except OSError:
            size = 1 << 43
            file.truncate(size)
    with pytest.raises(InvalidRequest, match=f"sparse.*{size} bytes.*{Quotas().workspace_bytes}"):
        client.push(shop, one)


def test_links_to_one_file_are_files_of_their_own(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """Twenty hard links: twenty files, one content sent."""
    lay(one, {"f0": b"same"})
    for number in range(1, 20):
        (one / f"f{number}").hardlink_to(one / "f0")
    assert client.push(shop, one).objects == 2
    client.pull(shop, two)
    assert len({(two / f"f{number}").stat().st_ino for number in range(20)}) == 20


def test_folders_as_deep_as_allowed_come_back(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """One more is refused, by name."""
    deepest = "/".join(["d"] * (DEPTH_MOST - 1))
    lay(one, {f"{deepest}/f": b"deep"})
    client.push(shop, one)
    client.pull(shop, two)
    assert (two / deepest / "f").read_bytes() == b"deep"
    (one / deepest / "d").mkdir()
    lay(one, {f"{deepest}/d/f": b"too deep"})
    with pytest.raises(InvalidRequest, match="deeper") as caught:
        client.push(shop, one)
    assert caught.value.violations[0].description == f"is deeper than {DEPTH_MOST} folders"


def test_depth_of_a_thousand_folders_is_refused(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """Without a thousand open folders."""
    opened = os.open(one, os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("d", dir_fd=opened)
        below = os.open("d", os.O_RDONLY, dir_fd=opened)
        os.close(opened)
        opened = below
    os.close(opened)
    try:
        with pytest.raises(InvalidRequest, match="deeper"):
            client.push(shop, one)
    finally:
        # Deeper than what cleans up after the tests can go.
        subprocess.run(["rm", "-rf", "--", one], check=True)


def test_odd_names_come_back(client: WorkspaceClient, shop: str, one: Path, two: Path) -> None:
    """Whatever is UTF-8 is a name; forms of one letter stay two."""
    names = ["line\nfeed", "\x1b[31m", "e\u0301", "\u00e9", "\u202e", "-rf", "n" * NAME_MOST_BYTES]
    lay(one, {name: name.encode() for name in names})
    client.push(shop, one)
    client.pull(shop, two)
    assert seen(two) == {name: name.encode() for name in sorted(names)}


def test_push_onto_a_head_never_pulled_is_refused(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """A new folder does not replace what others have made."""
    lay(one, FILES)
    client.push(shop, one)
    lay(two, {"other": b""})
    with pytest.raises(Conflict, match="never pulled into this folder; pull first"):
        client.push(shop, two)


def test_push_onto_a_moved_head_is_refused_and_forced(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """With force it is replaced, which is told, and the log keeps it."""
    lay(one, FILES)
    client.push(shop, one)
    client.pull(shop, two)
    (two / "a").write_bytes(b"theirs")
    theirs = client.push(shop, two).snapshot
    (one / "a").write_bytes(b"ours")
    with pytest.raises(Conflict, match=f"is {theirs[:12]}.*--force"):
        client.push(shop, one)
    forced = client.push(shop, one, force=True)
    assert forced.overwritten == theirs
    assert client.file(shop, "a").data == b"ours"
    assert client.log(shop)[1].snapshot == theirs


def test_head_that_moves_during_a_push_is_a_conflict(
    client: WorkspaceClient, ground: Ground, shop: str, one: Path, two: Path
) -> None:
    """Compare-and-swap, at the end."""
    lay(one, {"a": b"1"})
    lay(two, {"b": b"2"})

    class Meddles(Silence):
        """Pushes another folder while this one is being sent."""

        def begin(self, doing: str, total: int) -> None:
            """Push, once."""
            if doing == "sending":
                client.push(shop, two)

    with pytest.raises(Conflict, match="somebody else changed it"):
        client.push(shop, one, report=Meddles())
    assert list(client.listing(shop).entries) == ["b"]
    assert ground.caller == "ann"


def test_file_that_changes_during_a_push_is_told(
    client: WorkspaceClient, shop: str, one: Path
) -> None:
    """What is sent under a digest has that digest."""
    lay(one, {"a": b"sent by nobody before"})

    class Meddles(Silence):
        """Changes a file before it is sent."""

        def begin(self, doing: str, total: int) -> None:
            """Change it."""
            if doing == "sending":
                (one / "a").write_bytes(b"2")

    with pytest.raises(Conflict, match="a was changed while it was pushed; push again"):
        client.push(shop, one, report=Meddles())
    assert len(client.log(shop)) == 1


def test_link_swapped_in_during_a_push_is_not_followed(
    client: WorkspaceClient, shop: str, one: Path, two: Path
) -> None:
    """A folder that becomes a link to another with the same names."""
    lay(one, {"d/a": b"mine"})
    lay(two, {"a": b"mine"})

    class Meddles(Silence):
        """Swaps the folder for a link."""

        def begin(self, doing: str, total: int) -> None:
            """Swap it."""
            if doing == "sending":
                (one / "d").rename(two / "d")
                (one / "d").symlink_to(two)

    with pytest.raises(Conflict, match="push again"):
        client.push(shop, one, report=Meddles())
