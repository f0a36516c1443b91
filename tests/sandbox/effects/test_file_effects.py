"""What two trees are told to differ by."""

from pathlib import Path

import pytest
from support.effect_trees import Content, Folder, Link, Said, brief, tree_of

from assize.model.effects import Effect, EffectKind, FileType
from assize_sandbox.effects import effects_between
from assize_sandbox.effects.texts import (
    DIFF_MOST_CHARACTERS,
    POPULAR_LINES,
    SET_MOST_CHARACTERS,
    SET_MOST_DIFFS,
    SET_MOST_WORK,
    SIDE_MOST_BYTES,
    SIDE_MOST_LINES,
)
from assize_sandbox.workspaces.nodes import digest_of
from assize_sandbox.workspaces.objects import ObjectMissing, ObjectStore
from assize_sandbox.workspaces.specials import Special


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """An empty store."""
    return ObjectStore(tmp_path)


async def told(objects: ObjectStore, before: Said, after: Said) -> tuple[Effect, ...]:
    """Return the effects between two trees."""
    return await effects_between(objects, tree_of(objects, before), tree_of(objects, after))


CASES: dict[str, tuple[Said, Said, list[tuple[str, ...]]]] = {
    "nothing": ({"a": b"1"}, {"a": b"1"}, []),
    "create": ({}, {"a": b"1"}, [("fs.create", "a")]),
    "create in a new folder": ({}, {"d/a": b"1"}, [("fs.mkdir", "d"), ("fs.create", "d/a")]),
    "write": ({"a": b"1"}, {"a": b"2"}, [("fs.write", "a")]),
    "longer": ({"a": b"1"}, {"a": b"12"}, [("fs.write", "a")]),
    "truncate": ({"a": b"123"}, {"a": b"12"}, [("fs.truncate", "a")]),
    "empty": ({"a": b"123"}, {"a": b""}, [("fs.truncate", "a")]),
    "shorter but no beginning": ({"a": b"123"}, {"a": b"23"}, [("fs.write", "a")]),
    "chmod": ({"a": b"1"}, {"a": Content(b"1", 0o755)}, [("fs.chmod", "a")]),
    "write and chmod": (
        {"a": b"1"},
        {"a": Content(b"2", 0o600)},
        [("fs.write", "a"), ("fs.chmod", "a")],
    ),
    "chmod of a folder": (
        {"d/a": b"1"},
        {"d": Folder(0o700), "d/a": b"1"},
        [("fs.chmod", "d")],
    ),
    "chmod of the root": ({}, {".": Folder(0o700)}, [("fs.chmod", ".")]),
    "delete": ({"a": b"1"}, {}, [("fs.delete", "a")]),
    "delete of a link": ({"a": Link("b")}, {}, [("fs.delete", "a")]),
    "rmdir with what is in it": (
        {"d/a": b"1"},
        {},
        [("fs.rmdir", "d"), ("fs.delete", "d/a")],
    ),
    "link": ({}, {"a": Link("b")}, [("fs.symlink", "a")]),
    "link elsewhere": ({"a": Link("b")}, {"a": Link("c")}, [("fs.symlink", "a")]),
    "file to link": (
        {"a": b"1"},
        {"a": Link("b")},
        [("fs.delete", "a"), ("fs.symlink", "a")],
    ),
    "file to folder": (
        {"a": b"1"},
        {"a/b": b"2"},
        [("fs.delete", "a"), ("fs.mkdir", "a"), ("fs.create", "a/b")],
    ),
    "folder to file": (
        {"a/b": b"2"},
        {"a": b"1"},
        [("fs.rmdir", "a"), ("fs.create", "a"), ("fs.delete", "a/b")],
    ),
    "rename": ({"a": b"1"}, {"b": b"1"}, [("fs.rename", "b", "a")]),
    "rename and chmod": (
        {"a": b"1"},
        {"b": Content(b"1", 0o755)},
        [("fs.rename", "b", "a"), ("fs.chmod", "b")],
    ),
    "rename of an empty file": (
        {"a": b""},
        {"b": b""},
        [("fs.delete", "a"), ("fs.create", "b")],
    ),
    "rename over": ({"a": b"1", "b": b"2"}, {"b": b"1"}, [("fs.rename_over", "b", "a")]),
    "rename over a file of another mode": (
        {"a": b"1", "b": Content(b"2", 0o600)},
        {"b": b"1"},
        [("fs.rename_over", "b", "a"), ("fs.chmod", "b")],
    ),
    "rename over a link": (
        {"a": b"1", "b": Link("x")},
        {"b": b"1"},
        [("fs.delete", "b"), ("fs.rename", "b", "a")],
    ),
    "rename over a file that was the same": (
        {"a": b"1", "b": b"1"},
        {"b": b"1"},
        [("fs.delete", "a")],
    ),
    "rename and recreate": (
        {"a": b"1"},
        {"a": b"2", "b": b"1"},
        [("fs.write", "a"), ("fs.create", "b")],
    ),
    "rename and recreate as an empty file": (
        {"a": b"1"},
        {"a": b"", "b": b"1"},
        [("fs.truncate", "a"), ("fs.create", "b")],
    ),
    "rename and recreate as a link": (
        {"a": b"1"},
        {"a": Link("b"), "b": b"1"},
        [("fs.delete", "a"), ("fs.symlink", "a"), ("fs.create", "b")],
    ),
    "rename into a folder of its own name": (
        {"a": b"1"},
        {"a/a": b"1"},
        [("fs.delete", "a"), ("fs.mkdir", "a"), ("fs.create", "a/a")],
    ),
    "copy": ({"a": b"1"}, {"a": b"1", "b": b"1"}, [("fs.create", "b")]),
    "swap": (
        {"a": b"1", "b": b"2"},
        {"a": b"2", "b": b"1"},
        [("fs.write", "a"), ("fs.write", "b")],
    ),
    "chain": (
        {"a": b"1", "b": b"2"},
        {"b": b"1", "c": b"2"},
        [("fs.rename_over", "b", "a"), ("fs.create", "c")],
    ),
    "two deletes and one create": (
        {"a": b"1", "b": b"1"},
        {"c": b"1"},
        [("fs.delete", "b"), ("fs.rename", "c", "a")],
    ),
    "one delete and two creates": (
        {"a": b"1"},
        {"b": b"1", "c": b"1"},
        [("fs.rename", "b", "a"), ("fs.create", "c")],
    ),
    "the same file name goes first": (
        {"a": b"1", "x/z": b"1"},
        {"b": b"1", "y/z": b"1"},
        [
            ("fs.rename", "b", "a"),
            ("fs.rmdir", "x"),
            ("fs.mkdir", "y"),
            ("fs.rename", "y/z", "x/z"),
        ],
    ),
    "renamed folder": (
        {"d/a": b"1", "d/e/b": b"2"},
        {"n/a": b"1", "n/e/b": b"2"},
        [
            ("fs.rmdir", "d"),
            ("fs.rmdir", "d/e"),
            ("fs.mkdir", "n"),
            ("fs.rename", "n/a", "d/a"),
            ("fs.mkdir", "n/e"),
            ("fs.rename", "n/e/b", "d/e/b"),
        ],
    ),
    "delete in a renamed folder": (
        {"d/a": b"1", "d/b": b"2"},
        {"n/a": b"1"},
        [
            ("fs.rmdir", "d"),
            ("fs.delete", "d/b"),
            ("fs.mkdir", "n"),
            ("fs.rename", "n/a", "d/a"),
        ],
    ),
    "write in a renamed folder": (
        {"d/a": b"1", "d/b": b"2"},
        {"n/a": b"1", "n/b": b"3"},
        [
            ("fs.rmdir", "d"),
            ("fs.delete", "d/b"),
            ("fs.mkdir", "n"),
            ("fs.rename", "n/a", "d/a"),
            ("fs.create", "n/b"),
        ],
    ),
    "rename out of a folder that a file replaces": (
        {"d/a": b"1"},
        {"d": b"2", "e": b"1"},
        [("fs.rmdir", "d"), ("fs.create", "d"), ("fs.rename", "e", "d/a")],
    ),
    "paths in order of their bytes": (
        {},
        {"é": b"1", "a b": b"2", "a": b"3", "a\nb": b"4", "\U0001f600": b"5", "\uffff": b"6"},
        [
            ("fs.create", "a"),
            ("fs.create", "a\nb"),
            ("fs.create", "a b"),
            ("fs.create", "é"),
            ("fs.create", "\uffff"),
            ("fs.create", "\U0001f600"),
        ],
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
async def test_two_trees_are_told_to_differ_by(
    objects: ObjectStore, before: Said, after: Said, expected: list[tuple[str, ...]]
) -> None:
    """Every way in which files change has its effects; none hides another."""
    assert [brief(effect) for effect in await told(objects, before, after)] == expected


async def test_overwritten_content_is_named_by_digest(objects: ObjectStore) -> None:
    """Whoever judges a rename over a file sees what is lost by it."""
    (effect,) = await told(objects, {"a": b"1", "b": b"22"}, {"b": b"1"})
    assert effect.before is not None
    assert effect.after is not None
    assert (effect.before.digest, effect.before.size_bytes) == (digest_of(b"22"), 2)
    assert (effect.after.type, effect.after.digest) == (FileType.FILE, digest_of(b"1"))


async def test_what_no_workspace_holds_is_told_with_the_rest(objects: ObjectStore) -> None:
    """Specials are in order of path; what of a name is not UTF-8 is escaped, reasons are a line."""
    effects = await effects_between(
        objects,
        tree_of(objects, {}),
        tree_of(objects, {"a": b"1", "c": b"1"}),
        [Special("b\udcff", "a FIFO\x1b[31m\nreally")],
    )
    assert [effect.path for effect in effects] == ["a", "b\\udcff", "c"]
    assert effects[1].kind is EffectKind.FS_SPECIAL
    assert effects[1].detail == "a FIFO\\x1b[31m\\nreally"


async def test_missing_content_is_a_failure_of_ours(objects: ObjectStore) -> None:
    """A content that cannot be read is never told as one that did not change."""
    before, after = tree_of(objects, {"a": b"123"}), tree_of(objects, {"a": b"12"})
    objects.delete(digest_of(b"123"))
    with pytest.raises(ObjectMissing):
        await effects_between(objects, before, after)


async def test_small_texts_have_a_diff(objects: ObjectStore) -> None:
    """Diffs are unified ones, and say where a last line has no end."""
    (effect,) = await told(objects, {"a": b"one\ntwo\n"}, {"a": b"one\n2"})
    assert effect.diff == (
        "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n\\ No newline at end of file\n"
    )


async def test_diff_of_what_is_made_and_deleted(objects: ObjectStore) -> None:
    """A file that is made, or gone, is shown as a whole; a hostile path is one line."""
    gone, made = await told(objects, {"a": b"1\n"}, {"b\n+x": b"2\n"})
    assert gone.diff == "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
    assert made.diff == "--- /dev/null\n+++ b/b\\n+x\n@@ -0,0 +1 @@\n+2\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"a\0b",
        b"x" * (SIDE_MOST_BYTES + 1),
        b"\n" * (SIDE_MOST_LINES + 1),
    ],
    ids=["no UTF-8", "NUL", "large", "many lines"],
)
async def test_what_is_no_small_text_has_no_diff(objects: ObjectStore, content: bytes) -> None:
    """On either side."""
    for before, after in ((b"1", content), (content, b"1")):
        (effect,) = await told(objects, {"a": before}, {"a": after})
        assert effect.diff == ""


async def test_diffs_are_bounded_each_and_together(objects: ObjectStore) -> None:
    """Where there are too many, what is lost is shown before what is made."""
    large = b"x" * (DIFF_MOST_CHARACTERS // 2) + b"\n"
    before = {f"lost{n:03}": large * 2 for n in range(4)}
    after = {f"a{n:03}": b"%d\n" % n for n in range(SET_MOST_DIFFS)}
    effects = await told(objects, before, after)
    diffs = [effect.diff for effect in effects if effect.diff]
    assert len(diffs) == SET_MOST_DIFFS
    assert all(effect.diff for effect in effects if effect.kind is EffectKind.FS_DELETE)
    assert all(len(diff) <= DIFF_MOST_CHARACTERS + 100 for diff in diffs)
    assert sum(map(len, diffs)) <= SET_MOST_CHARACTERS


async def test_hostile_texts_are_compared_within_bounds(objects: ObjectStore) -> None:
    """Texts made to keep a comparison busy have diffs until the set's bound is met, and no more."""
    lines = POPULAR_LINES - 2
    one = b"x\n" * lines
    two = "".join("x\n" if n % 2 else f"{n}\n" for n in range(lines)).encode()
    before = {f"{n:02}": one for n in range(SET_MOST_DIFFS)}
    after = {f"{n:02}": two for n in range(SET_MOST_DIFFS)}
    effects = await told(objects, before, after)
    diffs = [effect.diff for effect in effects if effect.diff]
    assert len(diffs) == SET_MOST_WORK // (lines + 1) ** 2
    assert effects[0].diff
