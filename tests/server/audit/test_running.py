"""The log of a service, from its start to its end."""

from pathlib import Path

import pytest
from support.audit_log import Clock, append_many
from support.service import POLICIES

from assize.audit.entries import EntryKind, decode
from assize_server.audit.log import LogBroken, read
from assize_server.audit.places import PlaceUnusable
from assize_server.audit.running import keeping_log
from assize_server.policies.load import load_directory
from assize_server.settings import Settings, from_environment
from assize_server.store.database import Database


async def kinds_after(settings: Settings, entries: int = 0) -> list[EntryKind]:
    """Run a service's log once and return what is in it."""
    database = Database(settings.state_folder() / "assize.db")
    await database.open()
    try:
        async with keeping_log(settings, database, load_directory(POLICIES), Clock()):
            await database.write(lambda each: append_many(each, entries))
        found = await database.read(lambda each: read(each, 0, 1000))
        return [decode(stored.leaf).kind for stored in found]
    finally:
        await database.close()


async def test_log_tells_of_starts_policies_and_ends(tmp_path: Path) -> None:
    """And the last checkpoint has all of it but the entry about itself."""
    settings = Settings(state=tmp_path / "state", checkpoints=f"file:{tmp_path}/newest")
    first = await kinds_after(settings, entries=1)
    policies = [EntryKind.POLICY_LOAD] * len(load_directory(POLICIES))
    once = [EntryKind.VERDICT, EntryKind.STOP, EntryKind.CHECKPOINT]
    assert first == [EntryKind.KEY_CHANGE, EntryKind.START, *policies, *once]
    second = await kinds_after(settings)
    assert second == [*first, EntryKind.START, EntryKind.STOP, EntryKind.CHECKPOINT]
    pem = (tmp_path / "state" / "keys" / "service.pub").read_text()
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")
    note = (tmp_path / "newest").read_text()
    assert note.splitlines()[1] == str(len(second) - 1)


async def test_lost_state_folder_does_not_start_under_the_old_checkpoints(tmp_path: Path) -> None:
    """Whether the keys were lost with it or only the database."""
    settings = Settings(state=tmp_path / "state", checkpoints=f"file:{tmp_path}/newest")
    await kinds_after(settings)
    for leftover in (tmp_path / "state").glob("assize.db*"):
        leftover.unlink()
    with pytest.raises(LogBroken):
        await kinds_after(settings)
    with pytest.raises(PlaceUnusable, match="not a checkpoint of this log"):
        await kinds_after(Settings(state=tmp_path / "other", checkpoints=f"file:{tmp_path}/newest"))


async def test_settings_name_place_and_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment; a place that is none stops the start."""
    monkeypatch.setenv("ASSIZE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ASSIZE_CHECKPOINTS", "folder:/nowhere/at/all")
    monkeypatch.setenv("ASSIZE_AUDIT_ORIGIN", "assize.example/log")
    monkeypatch.setenv("ASSIZE_ACCESS", str(tmp_path / "access.yaml"))
    settings = from_environment()
    assert settings.access == tmp_path / "access.yaml"
    with pytest.raises(PlaceUnusable):
        await kinds_after(settings)
    monkeypatch.setenv("ASSIZE_CHECKPOINTS", f"file:{tmp_path}/newest")
    await kinds_after(from_environment())
    assert (tmp_path / "newest").read_text().startswith("assize.example/log\n")
