"""The log over real gRPC and a real database, read and verified by the command line."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest
from support.audit_log import (
    AuditLog,
    append_many,
    client_of,
    entry,
    forged_entry,
    opened_log,
    restore,
    showing,
)
from support.service import refusal_of
from typer.testing import CliRunner, Result

from assize import errors, merkle
from assize.audit import memory
from assize.audit.checkpoints import opened
from assize.audit.entries import EntryKind, encode
from assize.cli.exit_codes import ExitStatus
from assize.cli.main import app
from assize.errors import ReasonCode
from assize.v1 import audit_pb2, audit_pb2_grpc
from assize_server.attestation.keys import open_keys, rotate
from assize_server.audit.log import append, head
from assize_server.audit.places import FolderPlace
from assize_server.audit.signing import sign_head

ENTRIES = 1100
"""More than a page."""
FORGED = 42


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a state folder with a log of some size, and two checkpoints published on the way."""
    state = tmp_path_factory.mktemp("model")
    (state / "published").mkdir()
    made = opened_log(state)
    place = FolderPlace(state / "published")
    for size in (50, ENTRIES):
        done = made.database.read_now(head).size
        made.grow(size - done, first=done)
        signed = made.database.write_now(lambda connection: sign_head(connection, made.keys))
        place.publish(signed.note, size)
    made.database.close_now()
    return state


@pytest.fixture
def log(model: Path, tmp_path: Path) -> Iterator[AuditLog]:
    """Give a log of its own to each test."""
    state = tmp_path / "state"
    shutil.copytree(model, state)
    made = opened_log(state)
    yield made
    made.database.close_now()


@pytest.fixture
async def address(log: AuditLog) -> AsyncIterator[str]:
    """Give a server that shows the log."""
    async with showing(log) as made:
        yield made


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is remembered out of the settings of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return tmp_path / "settings" / "assize" / "checkpoints"


async def run(*arguments: object) -> Result:
    """Run `assize audit` in a thread, since the server is in this one."""
    given = ["audit", *map(str, arguments)]
    return await asyncio.to_thread(CliRunner().invoke, app, given)


async def verified(log: AuditLog, address: str, *more: object) -> tuple[int, dict[str, object]]:
    """Run `assize audit verify` and return its exit status and report."""
    result = await run("verify", "--server", address, "--key", log.public_key, "-o", "json", *more)
    return result.exit_code, json.loads(result.stdout)


def kinds(report: dict[str, object]) -> list[str]:
    """Return what a report says is wrong."""
    problems = report["problems"]
    assert isinstance(problems, list)
    return [each["kind"] for each in problems]


async def test_sound_log_verifies_and_is_remembered(
    log: AuditLog, address: str, own_settings: Path
) -> None:
    """Entries, root, signature, and the checkpoints that were published."""
    published = ("--checkpoints", log.state / "published")
    status, report = await verified(log, address, *published)
    assert (status, report["sound"], report["size"]) == (0, True, ENTRIES)
    assert (report["compared"], report["origin"]) == (2, log.keys.origin)
    (kept,) = memory.recalled(own_settings, [log.keys.public])
    assert opened(kept.note, [log.keys.public]).size == ENTRIES
    log.grow(5, first=ENTRIES)
    status, report = await verified(log, address)
    assert (status, report["size"], report["compared"]) == (0, ENTRIES + 5, 1)


async def test_changed_entry_is_found(log: AuditLog, address: str) -> None:
    """By hand, in the database's file: the root that is signed is another."""
    log.by_hand(
        ("UPDATE audit_entries SET leaf = ? WHERE position = ?", (forged_entry(FORGED), FORGED))
    )
    status, report = await verified(log, address)
    assert (status, kinds(report)) == (ExitStatus.FAILED, ["root"])


async def test_rebuilt_log_is_found_by_an_external_checkpoint(
    log: AuditLog, address: str, tmp_path: Path
) -> None:
    """Entry 42 forged, every hash computed anew, and signed with the service's own key.

    It verifies itself. The checkpoints that were published, and what an auditor remembers, show it.
    """
    remembered = ("--remember", tmp_path / "auditor")
    assert (await verified(log, address, *remembered))[0] == 0
    log.rebuild({FORGED: forged_entry(FORGED)})
    assert (await verified(log, address))[0] == 0
    status, report = await verified(log, address, "--checkpoints", log.state / "published")
    assert (status, kinds(report)) == (ExitStatus.FAILED, ["rewritten"] * 2)
    status, report = await verified(log, address, *remembered)
    assert (status, kinds(report)) == (ExitStatus.FAILED, ["rewritten"])
    status, _ = await verified(log, address, *remembered)
    assert status == ExitStatus.FAILED


async def test_restored_older_copy_is_found(log: AuditLog, tmp_path: Path) -> None:
    """As it was, and after it has grown beyond what was published."""
    published = ("--checkpoints", log.state / "published")
    copy = tmp_path / "copy.db"
    log.copy_to(copy)
    log.grow(20, first=ENTRIES)
    note = log.database.write_now(lambda connection: sign_head(connection, log.keys)).note
    FolderPlace(log.state / "published").publish(note, ENTRIES + 20)
    older = restore(log, copy)
    try:
        async with showing(older) as address:
            status, report = await verified(older, address, *published)
            assert (status, kinds(report)) == (ExitStatus.FAILED, ["shorter"])
            older.database.write_now(lambda each: append_many(each, 30, first=ENTRIES + 100))
            status, report = await verified(older, address, *published)
            assert (status, kinds(report)) == (ExitStatus.FAILED, ["rewritten"])
    finally:
        older.database.close_now()


async def test_truncated_log_is_found(log: AuditLog, address: str) -> None:
    """Its last entries, their hashes and the signed states removed by hand."""
    log.by_hand(
        ("DELETE FROM audit_entries WHERE position >= 1000", ()),
        ("DELETE FROM audit_nodes WHERE (position + 1) << level > 1000", ()),
        ("DELETE FROM audit_checkpoints WHERE size > 1000", ()),
    )
    assert (await verified(log, address))[0] == 0
    status, report = await verified(log, address, "--checkpoints", log.state / "published")
    assert (status, kinds(report)) == (ExitStatus.FAILED, ["shorter"])


async def test_clock_that_was_set_back_is_reported_once(
    log: AuditLog, address: str, own_settings: Path
) -> None:
    """It fails the verification that finds it; the next one says that it is known."""
    log.database.write_now(lambda each: append(each, entry(ENTRIES, time_ms=1_000)))
    status, report = await verified(log, address)
    assert (status, kinds(report)) == (ExitStatus.FAILED, ["clock"])
    status, report = await verified(log, address)
    assert (status, kinds(report)) == (0, ["clock"])


async def test_log_of_another_key_is_refused(log: AuditLog, address: str, tmp_path: Path) -> None:
    """Only the pinned key counts, whatever the service says of its keys."""
    other = open_keys(tmp_path / "other", lambda: 1)
    key = tmp_path / "other.pub"
    key.write_text(other.public_pem())
    result = await run("verify", "--server", address, "--key", key, "-o", "json")
    assert result.exit_code == ExitStatus.FAILED
    assert kinds(json.loads(result.stdout)) == ["signature"]
    proof = await run("prove", "3", "--server", address, "--key", key)
    assert proof.exit_code == ExitStatus.FAILED


async def test_file_that_is_no_checkpoint_proves_nothing_either_way(
    log: AuditLog, address: str
) -> None:
    """It is the command line that is at fault, and not the log."""
    key = log.public_key
    wrong = await run("prove", "3", "--server", address, "--key", key, "--since", key)
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "holds no checkpoint" in wrong.stderr


async def test_log_verifies_after_a_rotation_with_both_keys(log: AuditLog, tmp_path: Path) -> None:
    """Checkpoints of the older key are still compared; the new key alone does not know them."""
    old = tmp_path / "old.pub"
    shutil.copy(log.public_key, old)
    rotate(log.state, 2)
    log.keys = open_keys(log.state, log.clock)
    async with showing(log) as address:
        published = ("--checkpoints", log.state / "published")
        assert (await verified(log, address, *published))[0] == 0
        result = await run("verify", "--server", address, "--key", old, *published, "-o", "json")
        assert result.exit_code == ExitStatus.FAILED


async def test_log_under_a_key_that_came_later_is_no_log_that_nobody_has_seen(
    log: AuditLog, tmp_path: Path
) -> None:
    """What was remembered under the older key is not passed over, nor written over, in silence."""
    async with showing(log) as address:
        assert (await verified(log, address))[0] == ExitStatus.PASSED
    rotate(log.state, 2)
    log.keys = open_keys(log.state, log.clock)
    log.rebuild({FORGED: forged_entry(FORGED)})
    later = tmp_path / "later.pub"
    later.write_text(log.keys.public.pem())
    async with showing(log) as address:
        for _ in range(2):
            result = await run("verify", "--server", address, "--key", later, "-o", "json")
            assert result.exit_code == ExitStatus.FAILED
            assert kinds(json.loads(result.stdout)) == ["signature"]
        status, report = await verified(log, address)
    assert (status, kinds(report)) == (ExitStatus.FAILED, ["rewritten"])


async def test_export_verifies_without_the_service(log: AuditLog, tmp_path: Path) -> None:
    """Under the checkpoint that was written beside it; any change of it shows."""
    path = tmp_path / "audit.jsonl"
    async with showing(log) as address:
        assert (await run("export", path, "--server", address)).exit_code == 0
    offline = ("verify", "--export", path, "--key", log.public_key)
    result = await run(*offline, "--checkpoints", log.state / "published")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, f"SOUND: {ENTRIES} entries")
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == ENTRIES
    for damaged in (
        lines[:-1],
        [*lines[:FORGED], *lines[FORGED + 1 :]],
        [*lines[:FORGED], lines[FORGED].replace("alice", "mallory"), *lines[FORGED + 1 :]],
        [*lines[:FORGED], lines[FORGED].replace('"alice"', '"mallory"', 1), *lines[FORGED + 1 :]],
    ):
        path.write_text("".join(damaged))
        assert (await run(*offline)).exit_code == ExitStatus.FAILED


async def test_proof_of_one_entry(log: AuditLog, address: str, tmp_path: Path) -> None:
    """With the path, and that the log continues an older checkpoint; a rebuilt one does not."""
    since = next((log.state / "published").glob("*50.note"))
    asked = ("prove", FORGED, "--server", address, "--key", log.public_key)
    result = await run(*asked, "--since", since)
    assert result.exit_code == 0
    assert f"entry {FORGED} is in the log of {ENTRIES} entries" in result.stdout
    proof = json.loads((await run(*asked, "-o", "json")).stdout)
    state = opened(proof["checkpoint"], [log.keys.public])
    path = [bytes.fromhex(each) for each in proof["proof"]]
    leaf = merkle.leaf_hash(proof["leaf"].encode())
    assert merkle.verify_inclusion(leaf, FORGED, proof["size"], path, state.root)
    log.rebuild({FORGED: forged_entry(FORGED)})
    assert (await run(*asked)).exit_code == 0
    result = await run(*asked, "--since", since)
    assert (result.exit_code, result.stdout) == (ExitStatus.FAILED, "")
    assert "does not continue" in result.stderr


async def test_proof_of_a_changed_entry_fails(log: AuditLog, address: str) -> None:
    """The entry that the service gives is not the one that was signed."""
    log.by_hand(
        ("UPDATE audit_entries SET leaf = ? WHERE position = ?", (forged_entry(FORGED), FORGED))
    )
    result = await run("prove", FORGED, "--server", address, "--key", log.public_key)
    assert (result.exit_code, result.stdout) == (ExitStatus.FAILED, "")


async def test_entries_are_listed(log: AuditLog, address: str) -> None:
    """The last ones, from an index on, of a kind; as text and as JSON Lines."""
    log.database.write_now(lambda each: append(each, entry(ENTRIES, EntryKind.HOLD)))

    async def indexes(*more: object) -> list[int]:
        result = await run("list", "--server", address, "-o", "json", *more)
        assert result.exit_code == 0
        return [json.loads(each)["index"] for each in result.stdout.splitlines()]

    assert await indexes("--last", 2) == [ENTRIES - 1, ENTRIES]
    assert await indexes("--start", 1050) == list(range(1050, ENTRIES + 1))
    assert await indexes("--kind", "hold") == [ENTRIES]
    assert await indexes("--kind", "verdict", "--last", 1) == [ENTRIES - 1]
    text = await run("list", "--server", address, "--last", 1)
    assert "hold" in text.stdout
    assert f"verification_id=v{ENTRIES}" in text.stdout


async def test_one_entry_is_shown_whole(log: AuditLog, address: str) -> None:
    """Or said not to be there."""
    result = await run("show", FORGED, "--server", address)
    assert result.exit_code == 0
    assert f"v{FORGED}" in result.stdout
    assert merkle.leaf_hash(encode(entry(FORGED))).hex() in result.stdout
    assert (await run("show", ENTRIES, "--server", address)).exit_code == ExitStatus.USAGE


async def test_malformed_entry_steers_no_terminal(log: AuditLog, address: str) -> None:
    """Somebody may have written anything into the database."""
    evil = b'{"\x1b[2J": 1}'
    log.by_hand(("UPDATE audit_entries SET leaf = ? WHERE position = 7", (evil,)))
    for asked in (("list", "--last", ENTRIES), ("show", 7), ("verify", "--key", log.public_key)):
        result = await run(*asked, "--server", address)
        assert "\x1b" not in result.output
    assert "MALFORMED" in (await run("list", "--server", address, "--last", ENTRIES)).stdout


async def test_service_refuses_what_the_log_does_not_have(log: AuditLog, address: str) -> None:
    """States and entries to come, kinds that there are not; and a broken log is not signed."""

    def ask() -> None:
        with client_of(address) as client:
            for call in (
                lambda: client.checkpoint(ENTRIES + 1),
                lambda: client.inclusion(3, ENTRIES + 1),
                lambda: client.inclusion(2**63, ENTRIES),
                lambda: client.consistency(0, 3),
            ):
                with pytest.raises(errors.NotFound) as caught:
                    call()
                assert caught.value.reason == ReasonCode.NO_SUCH_ENTRY
            with pytest.raises(errors.InvalidRequest, match="no kind 'holiday'"):
                list(client.entries(kinds=["holiday"]))
            assert list(client.entries(2**63)) == []
            assert client.consistency(3, 7)

    await asyncio.to_thread(ask)
    log.by_hand(("UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 10", ()))
    async with grpc.aio.insecure_channel(address) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            await stub.GetCheckpoint(audit_pb2.GetCheckpointRequest())  # type: ignore[misc]
    refused = refusal_of(caught.value)
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, ReasonCode.LOG_BROKEN)
    result = await run("verify", "--server", address, "--key", log.public_key)
    assert result.exit_code == ExitStatus.FAILED


async def test_removed_entry_is_found(log: AuditLog, address: str) -> None:
    """A gap in the service's answers is not passed over."""
    log.by_hand(("DELETE FROM audit_entries WHERE position = 7", ()))
    result = await run("verify", "--server", address, "--key", log.public_key)
    assert result.exit_code == ExitStatus.FAILED
    assert "entry 8 came where 7 should have" in result.stderr
