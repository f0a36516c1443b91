"""Class B: what a dead program leaves is read as the hostile thing it is, or not at all."""

from dataclasses import replace

import pytest
from support.attacks import LIMITS, SHAPE, Attacker, all_refused

from assize_sandbox.outcome import FileRead

pytestmark = pytest.mark.engine

LINKED = (
    "link_to_file",
    "link_to_folder/passwd",
    "link_to_folder/../etc/passwd",
    "a/b/link/passwd",
    "a/up/a/plain",
    "magic/passwd",
    "loop",
    "loop/x",
    "dangling",
    "plain",
    "second_name",
)
NOT_FILES = ("fifo", "a/fifo", "folder", "a/b")


def held_back(read: FileRead) -> bool:
    """Tell whether nothing was read, and why is said."""
    return read.content is None and bool(read.refused)


async def test_link_in_any_part_of_a_path_is_refused(attacker: Attacker) -> None:
    """Symbolic links, `..` behind them, magic links and files with two names give no byte."""
    came = await attacker("links", reads=(*LINKED, *NOT_FILES, "a/plain"))
    assert {path for path in LINKED if not held_back(came.files[path])} == set()
    assert {path for path in NOT_FILES if not held_back(came.files[path])} == set()
    assert came.files["a/plain"].content == b"plain"


async def test_files_of_others_cannot_be_linked_into_the_work_folder(attacker: Attacker) -> None:
    """The work folder is a file system of its own: no hard link leads into it."""
    came = await attacker("foreign_hardlinks")
    assert all_refused(came.told), came.achieved


async def test_odd_files_are_refused_and_odd_names_are_only_names(attacker: Attacker) -> None:
    """Sparse giants, devices and sockets are refused; a name is never parsed."""
    odd = ("new\nline", "\udcff\udcfe", "\x1b[31mred", "bidi\u202etxt.exe", "-rf", " ")
    reads = ("sparse", "sparse_written", "door", "unreadable/inner/file", *odd)
    came = await attacker("odd_files", reads=(*reads, "caf\u00e9", "cafe\u0301"))
    assert came.achieved == {"sparse within the limit": str(LIMITS.file_bytes)}
    for path in ("sparse", "door", "unreadable/inner/file"):
        assert held_back(came.files[path]), path
    assert came.files["sparse_written"].content == b""
    for path in odd:
        assert came.files[path].content == path.encode(errors="surrogateescape"), path
    # Two names that only look the same stay two files.
    assert (came.files["caf\u00e9"].content, came.files["cafe\u0301"].content) == (b"4", b"5")


async def test_folders_that_no_path_can_name_are_no_hindrance(attacker: Attacker) -> None:
    """4,000 levels without permissions: the run ends, a read below them is refused."""
    limits = replace(LIMITS, shape=replace(SHAPE, disk_inodes=5000))
    came = await attacker("deep_folders", limits=limits, reads=("/".join("d" * 1000), "main.py"))
    assert came.outcome.reason is None
    assert came.told == {"depth": "4000"}
    assert held_back(came.files["/".join("d" * 1000)])
    assert came.files["main.py"].content


async def test_end_of_output_is_not_waited_for_and_nothing_changes_afterwards(
    attacker: Attacker,
) -> None:
    """Grandchildren that hold both streams and rewrite a file die with the program."""
    came = await attacker("held_output", reads=("changing",))
    assert came.outcome.reason is None
    assert came.told == {"holders": "3"}
    assert came.files["changing"].exists


async def test_stopped_processes_are_buried_like_the_others(attacker: Attacker) -> None:
    """SIGSTOP for everybody delays neither the end nor the reading."""
    came = await attacker("stops_everything", reads=("left",))
    assert came.outcome.reason is None
    assert came.files["left"].content == b"left"


async def test_first_process_can_be_neither_looked_into_nor_stopped(attacker: Attacker) -> None:
    """Every signal, every file of /proc/1, every call on another process; it still answers."""
    came = await attacker("first_process", reads=("main.py",))
    assert came.outcome.reason is None
    assert came.outcome.exit_code == 0
    assert all_refused(came.told), came.achieved
    assert came.files["main.py"].content
