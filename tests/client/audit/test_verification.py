"""A whole log verified against checkpoints that somebody else kept."""

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from support.audit_log import START_MS, entry, forged_entry

from assize.audit.checkpoints import Checkpoint, signed
from assize.audit.entries import encode
from assize.audit.verification import (
    OVERTAKING_MILLISECONDS,
    PROBLEMS_KEPT,
    ProblemKind,
    Remembered,
    Report,
    verify,
)
from assize.merkle import Frontier, leaf_hash
from assize.public_keys import PublicKey

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
KEY = PublicKey(PRIVATE.public_key().public_bytes_raw())
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x03" * 32)
ORIGIN = "assize.example/log"
LEAVES = [encode(entry(number)) for number in range(60)]


def note_of(leaves: Sequence[bytes], origin: str = ORIGIN) -> str:
    """Return the checkpoint of a log, signed with the service's key."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf_hash(leaf))
    return signed(Checkpoint(origin, len(leaves), frontier.root()), KEY, PRIVATE.sign)


def kept(leaves: Sequence[bytes], *, verified: bool = False, origin: str = ORIGIN) -> Remembered:
    """Return a checkpoint that was kept elsewhere."""
    return Remembered(f"note of {len(leaves)}", note_of(leaves, origin), verified)


def judged(leaves: Sequence[bytes], *remembered: Remembered, note: str | None = None) -> Report:
    """Verify a log, under its own checkpoint unless another is named."""
    return verify(leaves, note_of(leaves) if note is None else note, remembered, [KEY])


def kinds(report: Report) -> list[ProblemKind]:
    """Return what is wrong."""
    return [problem.kind for problem in report.problems]


@pytest.mark.parametrize("size", [0, 1, 59, 60])
def test_log_that_continues_what_was_kept_is_sound(size: int) -> None:
    """Whenever that was."""
    report = judged(LEAVES, kept(LEAVES[:size]))
    assert (report.sound, report.size, report.compared, kinds(report)) == (True, 60, 1, [])


@given(st.integers(0, 59), st.integers(0, 60))
def test_rebuilt_log_is_found_by_a_checkpoint_that_covers_the_forged_entry(
    forged: int, size: int
) -> None:
    """Signed anew with the service's own key, it is consistent with itself, and with nothing else.

    A checkpoint from before the forged entry cannot show it.
    """
    rebuilt = [*LEAVES]
    rebuilt[forged] = forged_entry(forged)
    report = judged(rebuilt, kept(LEAVES[:size]))
    assert kinds(report) == ([ProblemKind.REWRITTEN] if size > forged else [])


def test_rebuilt_log_verifies_itself_without_a_checkpoint_from_elsewhere() -> None:
    """The reason why checkpoints are published: nothing in the log can show it."""
    rebuilt = [*LEAVES]
    rebuilt[42] = forged_entry(42)
    assert judged(rebuilt).sound


def test_report_says_between_which_checkpoints_the_log_was_rewritten() -> None:
    """The last one that fits, and the first that does not."""
    rebuilt = [*LEAVES]
    rebuilt[42] = forged_entry(42)
    report = judged(rebuilt, *(kept(LEAVES[:size]) for size in (10, 40, 50, 60)))
    assert "entries 40 to 49" in report.problems[0].message


@pytest.mark.parametrize("size", [0, 1, 59])
def test_shorter_log_is_found(size: int) -> None:
    """Truncated, or an older copy of the database: signed states say so all the same."""
    report = judged(LEAVES[:size], kept(LEAVES))
    assert kinds(report) == [ProblemKind.SHORTER]


def test_older_copy_that_has_grown_since_is_found() -> None:
    """It is as long as the real log, and another one."""
    grown = LEAVES[:30] + [forged_entry(number) for number in range(30, 80)]
    report = judged(grown, kept(LEAVES[:30]), kept(LEAVES[:50]))
    assert kinds(report) == [ProblemKind.REWRITTEN]


def test_entry_that_was_changed_in_place_does_not_fit_the_checkpoint() -> None:
    """The service's own, of today."""
    changed = [*LEAVES]
    changed[42] = forged_entry(42)
    report = judged(changed, note=note_of(LEAVES))
    assert kinds(report) == [ProblemKind.ROOT]


def test_entries_that_are_held_back_are_missed() -> None:
    """The checkpoint says how many there are."""
    report = judged(LEAVES[:-1], note=note_of(LEAVES))
    assert kinds(report) == [ProblemKind.SHORTER]


def test_checkpoint_of_a_stranger_is_refused() -> None:
    """Of today, or one that was kept."""
    head = Checkpoint(ORIGIN, 60, b"\x00" * 32)
    stranger = PublicKey(STRANGER.public_key().public_bytes_raw())
    note = signed(head, stranger, STRANGER.sign)
    assert kinds(judged(LEAVES, note=note)) == [ProblemKind.SIGNATURE]
    assert kinds(judged(LEAVES, Remembered("kept", note))) == [ProblemKind.SIGNATURE]
    assert not judged(LEAVES, note="nonsense").sound


def test_nothing_is_read_under_a_note_that_no_pinned_key_signed() -> None:
    """Somebody who is not the service could go on for ever."""
    endless = iter(lambda: LEAVES[0], None)
    report = verify(endless, "nonsense", [kept(LEAVES)], [KEY])
    assert (report.size, kinds(report)) == (0, [ProblemKind.SIGNATURE])


def test_log_under_another_name_is_not_the_one_that_was_kept() -> None:
    """Else whoever has the key could begin a new log beside what was remembered."""
    report = judged(LEAVES, kept(LEAVES, origin="assize.example/older"))
    assert kinds(report) == [ProblemKind.ORIGIN]


def test_bytes_that_are_no_entry_are_named() -> None:
    """A log may hold nothing that its readers read differently."""
    leaves = [*LEAVES[:3], b"{}", *LEAVES[4:]]
    report = judged(leaves)
    assert [(each.kind, each.index) for each in report.problems] == [(ProblemKind.FORM, 3)]


def test_clock_set_back_is_found() -> None:
    """Entries overtake each other a little; more than that is somebody's doing."""
    latest_ms = START_MS + 59_000
    little = encode(entry(60, time_ms=latest_ms - OVERTAKING_MILLISECONDS))
    much = encode(entry(61, time_ms=latest_ms - OVERTAKING_MILLISECONDS - 1))
    assert judged([*LEAVES, little]).sound
    report = judged([*LEAVES, little, much])
    assert [(each.kind, each.index) for each in report.problems] == [(ProblemKind.CLOCK, 61)]
    assert (report.sound, report.intact) == (False, True)


def test_clock_that_was_reported_before_is_known() -> None:
    """It cannot be mended any more; only a verification counts, not what the service published."""
    leaves = [*LEAVES, encode(entry(60, time_ms=START_MS))]
    assert judged(leaves, kept(leaves, verified=True)).sound
    assert not judged(leaves, kept(leaves)).sound
    later = [*leaves, encode(entry(61)), encode(entry(62, time_ms=START_MS))]
    assert [each.known for each in judged(later, kept(leaves, verified=True)).problems] == [
        True,
        False,
    ]


def test_report_is_bounded() -> None:
    """A log full of faults makes a short report that still counts them."""
    report = judged([b"{}"] * 500)
    assert len(report.problems) == PROBLEMS_KEPT + 1
    assert report.problems[-1].message == f"and {500 - PROBLEMS_KEPT} more"
