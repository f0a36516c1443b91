"""The log as OCSF lines, and what is kept outside: files of checkpoints."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from support.audit_log import entry, forged_entry

from assize.audit import memory, ocsf
from assize.audit.checkpoints import Checkpoint, signed
from assize.audit.entries import EntryKind, MalformedEntry, encode
from assize.errors import InvalidRequest
from assize.public_keys import PublicKey

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
KEY = PublicKey(PRIVATE.public_key().public_bytes_raw())
LEAF = encode(entry(7))
REQUIRED = {
    "activity_id",
    "actor",
    "api",
    "category_uid",
    "class_uid",
    "metadata",
    "severity_id",
    "src_endpoint",
    "time",
    "type_uid",
}
"""Of API Activity (6003), OCSF 1.3."""


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_is_an_api_activity(kind: EntryKind) -> None:
    """With all that the class requires; the type follows from class and activity."""
    event = json.loads(ocsf.line(3, encode(entry(7, kind))))
    assert set(event) >= REQUIRED
    assert (event["category_uid"], event["class_uid"]) == (6, 6003)
    assert event["type_uid"] == 600300 + event["activity_id"]
    assert event["activity_id"] in {1, 2, 3, 4, 99}
    assert (event["activity_name"], event["api"]["operation"]) == (kind, kind)
    assert event["metadata"]["sequence"] == 3


def test_line_gives_the_entry_back_byte_for_byte() -> None:
    """So that an export can be verified like the log."""
    assert ocsf.read_line(ocsf.line(7, LEAF), 7) == LEAF


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("actor", "user", "name"), "mallory"),
        (("time",), 1),
        (("metadata", "sequence"), 8),
        (("resources",), []),
        (("unmapped", "digests"), {}),
        (("activity_name",), "denial"),
        (("raw_data",), forged_entry(7).decode()),
        (("raw_data",), 7),
        (("added",), 1),
    ],
)
def test_line_that_says_something_else_than_its_entry_is_refused(
    path: tuple[str, ...], value: object
) -> None:
    """Whoever reads the fields of an export is not told another story than who verifies it."""
    document = json.loads(ocsf.line(7, LEAF))
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(MalformedEntry):
        ocsf.read_line(json.dumps(document), 7)


@given(st.text(max_size=200))
def test_anything_else_is_malformed_and_nothing_worse(text: str) -> None:
    """Exports come from anybody."""
    with pytest.raises(MalformedEntry):
        ocsf.read_line(text, 0)


def note(size: int, origin: str = "log") -> str:
    """Return a signed checkpoint."""
    return signed(Checkpoint(origin, size, b"\x00" * 32), KEY, PRIVATE.sign)


def test_folder_of_published_checkpoints_is_read_whole(tmp_path: Path) -> None:
    """Every file is one, but for hidden ones; a folder without any is a mistake."""
    with pytest.raises(InvalidRequest, match="no checkpoint"):
        memory.published(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "1.note").write_text(note(1))
    (tmp_path / "checkpoint").write_text(note(2))
    assert [each.note for each in memory.published(tmp_path)] == [note(1), note(2)]
    assert [each.note for each in memory.published(tmp_path / "1.note")] == [note(1)]
    with pytest.raises(InvalidRequest):
        memory.published(tmp_path / "missing")


def test_last_verified_checkpoint_is_kept_for_each_log(tmp_path: Path) -> None:
    """The newer one takes the older one's place; what other keys signed is passed over."""
    folder = tmp_path / "settings" / "checkpoints"
    assert memory.recalled(folder, [KEY]) == ()
    memory.remember(folder, note(1), [KEY])
    memory.remember(folder, note(2), [KEY])
    memory.remember(folder, note(9, "other"), [KEY])
    (folder / "broken.note").write_text("nonsense")
    recalled = memory.recalled(folder, [KEY])
    assert {each.note for each in recalled} == {note(2), note(9, "other")}
    assert all(each.verified for each in recalled)
    stranger = PublicKey(b"\x01" * 32)
    assert memory.recalled(folder, [stranger]) == ()
    (other,) = memory.recalled(folder, [stranger], "other")
    assert other.note == note(9, "other")
