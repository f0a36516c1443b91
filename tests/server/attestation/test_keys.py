"""The service's signing keys: made once, kept to itself, replaced as a whole."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assize.audit.checkpoints import verifier_key
from assize.public_keys import read_key_file
from assize_server.attestation import keys as service_keys
from assize_server.attestation.keys import FILE, FOLDER, PUBLIC_FILE, KeysUnusable, open_keys
from assize_server.cli.keys import app
from assize_server.store.occupancy import alone_in


def clock() -> int:
    """Return the time."""
    return 5


def mode(path: Path) -> int:
    """Return who may do what."""
    return path.stat().st_mode & 0o777


def test_first_start_makes_a_key_and_later_ones_find_it(tmp_path: Path) -> None:
    """Private to the service; the public part is there for whoever pins it."""
    first, second = open_keys(tmp_path, clock), open_keys(tmp_path, lambda: 6)
    assert first.listed == second.listed
    assert (first.origin, first.current.since_ms) == (f"assize/{first.public.id[:16]}", 5)
    assert read_key_file(tmp_path / FOLDER / PUBLIC_FILE) == (first.public,)
    assert mode(tmp_path / FOLDER) == 0o700
    assert mode(tmp_path / FOLDER / FILE) == 0o600
    assert first.public.verifies(second.sign(b"message"), b"message")
    assert not first.public.verifies(second.sign(b"message"), b"another")


def test_rotation_keeps_the_old_public_keys_and_the_name(tmp_path: Path) -> None:
    """The last one first, each with its times; the private ones are gone."""
    first = open_keys(tmp_path, clock, "assize.example/log")
    second = service_keys.rotate(tmp_path, 7)
    service_keys.rotate(tmp_path, 9)
    third = open_keys(tmp_path, clock, "assize.example/log")
    assert third.origin == "assize.example/log"
    assert [each.key for each in third.listed][1:] == [second.public, first.public]
    assert [(each.since_ms, each.until_ms) for each in third.listed] == [
        (9, None),
        (7, 9),
        (5, 7),
    ]
    pinned = read_key_file(tmp_path / FOLDER / PUBLIC_FILE)
    assert pinned == tuple(each.key for each in third.listed)
    assert (tmp_path / FOLDER / FILE).read_text().count("private") == 1


def test_keys_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    """Whoever could read them could have signed."""
    open_keys(tmp_path, clock)
    (tmp_path / FOLDER / FILE).chmod(0o640)
    with pytest.raises(KeysUnusable, match="read by others"):
        open_keys(tmp_path, clock)


def test_log_keeps_its_name(tmp_path: Path) -> None:
    """Another one would be another log to everybody who remembers it."""
    open_keys(tmp_path, clock, "assize.example/log")
    with pytest.raises(KeysUnusable, match=r"assize\.example/log"):
        open_keys(tmp_path, clock, "assize.example/other")
    with pytest.raises(KeysUnusable, match="visible ASCII"):
        open_keys(tmp_path / "new", clock, "two words")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:40],
        lambda text: text.replace(".v1", ".v2"),
        lambda text: json.dumps({**json.loads(text), "private": "AAAA"}),
        lambda text: json.dumps({**json.loads(text), "retired": [{"public": "x"}]}),
        lambda text: "[]",
    ],
)
def test_damaged_file_is_not_replaced_by_a_new_key(
    tmp_path: Path, damage: Callable[[str], str]
) -> None:
    """A service with another key than yesterday must not start in silence."""
    open_keys(tmp_path, clock)
    path = tmp_path / FOLDER / FILE
    text = damage(path.read_text())
    path.write_text(text)
    with pytest.raises(KeysUnusable):
        open_keys(tmp_path, clock)
    with pytest.raises(KeysUnusable):
        service_keys.rotate(tmp_path, 6)
    assert path.read_text() == text


def test_rotation_that_dies_leaves_the_old_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced in one step; no half of another one is left behind."""
    first = open_keys(tmp_path, clock)

    def fail(_self: Path, _target: Path) -> None:
        raise OSError("the machine died")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeysUnusable, match="the machine died"):
        service_keys.rotate(tmp_path, 6)
    monkeypatch.undo()
    assert open_keys(tmp_path, clock).listed == first.listed
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [FILE, PUBLIC_FILE]


def test_operator_shows_and_rotates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output is the file that is pinned."""
    monkeypatch.setenv("ASSIZE_STATE", str(tmp_path))
    run = CliRunner()
    shown = run.invoke(app, ["show"])
    assert shown.stdout == open_keys(tmp_path, clock).public_pem()
    assert "signs now" in shown.stderr
    rotated = run.invoke(app, ["rotate"])
    keys = open_keys(tmp_path, clock)
    assert (rotated.exit_code, rotated.stdout) == (0, keys.public_pem())
    assert "retired" in rotated.stderr
    notes = run.invoke(app, ["show", "--notes"])
    assert notes.stdout.splitlines()[0] == verifier_key(keys.origin, keys.public)
    (tmp_path / FOLDER / FILE).chmod(0o644)
    assert run.invoke(app, ["show"]).exit_code == 4


@pytest.mark.parametrize("command", ["show", "rotate"])
def test_variable_that_makes_no_sense_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It is named, and what it may be."""
    monkeypatch.setenv("ASSIZE_ENGINE", "none")
    ended = CliRunner().invoke(app, [command])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "ASSIZE_ENGINE is one of auto, docker, runc" in ended.stderr


def test_keys_are_not_rotated_under_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on signing with a key that is retired; it says to stop it first."""
    monkeypatch.setenv("ASSIZE_STATE", str(tmp_path))
    before = open_keys(tmp_path, clock).listed
    with alone_in(tmp_path):
        refused = CliRunner().invoke(app, ["rotate"])
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "another process uses the state" in refused.stderr
    assert open_keys(tmp_path, clock).listed == before
    assert CliRunner().invoke(app, ["rotate"]).exit_code == 0
