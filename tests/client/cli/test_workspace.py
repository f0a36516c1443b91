"""`assize workspace` as its users see it, against a real server."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.workspaces import Ground, lay, seen, served
from typer.testing import CliRunner, Result

from assize.cli.exit_codes import ExitStatus
from assize.cli.main import app
from assize.trees import digest_of

COMMANDS = (
    "create",
    "push",
    "pull",
    "list",
    "log",
    "show",
    "diff",
    "rollback",
    "fork",
    "delete",
    "gc",
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A store that every test of this module shares."""
    with served(tmp_path_factory.mktemp("ground")) as made:
        yield made


@pytest.fixture
def shop(ground: Ground, tmp_path: Path) -> Iterator[Path]:
    """A folder that was pushed twice to the workspace `shop`."""
    ground.caller = "ann"
    run(ground, "create", "shop")
    folder = lay(tmp_path / "shop", {"a": b"one\n", "d/b": b"two\n", "l": "a"})
    run(ground, "push", "shop", str(folder), "-m", "first")
    (folder / "a").write_bytes(b"other\n")
    run(ground, "push", "shop", str(folder), "-m", "second")
    yield folder
    for each in told(run(ground, "list", "-o", "json")):
        run(ground, "delete", each["name"], "--yes")


def invoke(ground: Ground, *words: str) -> Result:
    """Run a command."""
    environment = {"ASSIZE_SERVER": ground.address, "COLUMNS": "200"}
    return CliRunner().invoke(app, ["workspace", *words], env=environment)


def run(ground: Ground, *words: str) -> str:
    """Run a command that succeeds and return what it prints."""
    result = invoke(ground, *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(output: str) -> list[dict[str, str]]:
    """Return a list that was printed as JSON."""
    found = json.loads(output)
    assert isinstance(found, list)
    return found


def test_push_pull_and_list_tell_what_they_did(ground: Ground, shop: Path, tmp_path: Path) -> None:
    """One line each, and the folder is the same."""
    new = tmp_path / "new"
    assert re.search(
        r"at [0-9a-f]{12}: 3 written, 0 removed", run(ground, "pull", "shop", str(new))
    )
    assert seen(new) == seen(shop)
    assert run(ground, "push", "shop", str(new)).startswith("nothing to push: shop is at ")
    assert re.search(r"shop +ann +[0-9a-f]{12} +4 +10 B +3 ", run(ground, "list"))


def test_list_of_nothing_prints_nothing_where_names_are(ground: Ground) -> None:
    """A script reads no headings for names; a person is told what to do."""
    ground.caller = "nobody-yet"
    listed = invoke(ground, "list")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "assize workspace create" in listed.stderr


@pytest.mark.usefixtures("shop")
def test_log_tells_who_when_and_what(ground: Ground) -> None:
    """The newest first."""
    lines = run(ground, "log", "shop").splitlines()
    assert re.match(r"3 +[0-9a-f]{12} +push +2023-11-14 22:13:20Z +ann +second", lines[1])
    assert len(told(run(ground, "log", "shop", "-n", "2", "-o", "json"))) == 2


@pytest.mark.usefixtures("shop")
def test_show_lists_a_snapshot_and_prints_a_file(ground: Ground) -> None:
    """Of the head or of an earlier one; a long file is cut, and that is told."""
    listing = run(ground, "show", "shop")
    assert re.findall(r"(\S+) +(\d*) +(\S.*\S)", listing)[1:] != []
    assert "l -> a" in listing
    assert run(ground, "show", "shop", "a") == "other\n"
    assert run(ground, "show", "shop", "a", "--snapshot", "head~1") == "one\n"
    cut = invoke(ground, "show", "shop", "a", "--most-bytes", "3")
    assert cut.stdout == "oth\n"
    assert "3 of 6 bytes; --most-bytes shows more" in cut.stderr
    entries = json.loads(run(ground, "show", "shop", "-o", "json"))["entries"]
    assert {"path": "d/b", "type": "FILE", "mode": 0o644, "size_bytes": 4} | entries[2] == entries[
        2
    ]


@pytest.mark.usefixtures("shop")
def test_diff_tells_what_came_last(ground: Ground) -> None:
    """Or between any two."""
    output = run(ground, "diff", "shop")
    assert "fs.write       a\n" in output
    assert "    -one\n    +other\n" in output
    found = json.loads(run(ground, "diff", "shop", "head~2", "head", "-o", "json"))
    assert [each["kind"] for each in found["effects"]] == [
        "FS_CREATE",
        "FS_MKDIR",
        "FS_CREATE",
        "FS_SYMLINK",
    ]


def test_rollback_prints_its_proof_and_a_pull_follows(ground: Ground, shop: Path) -> None:
    """The id was recomputed; the folder follows when it is asked to."""
    listing = json.loads(run(ground, "show", "shop", "--snapshot", "head~1", "-o", "json"))
    output = run(ground, "rollback", "shop", "head~1")
    assert f"recomputed {listing['snapshot']}" in output
    run(ground, "pull", "shop", str(shop))
    assert (shop / "a").read_bytes() == b"one\n"


@pytest.mark.usefixtures("shop")
def test_fork_begins_a_workspace(ground: Ground) -> None:
    """From the head, or from an earlier snapshot."""
    run(ground, "fork", "shop", "try", "--snapshot", "head~1")
    assert run(ground, "show", "try", "a") == "one\n"


@pytest.mark.usefixtures("shop")
def test_delete_asks_and_without_anybody_to_ask_refuses(ground: Ground) -> None:
    """With --yes it does not ask."""
    refused = invoke(ground, "delete", "shop")
    assert refused.exit_code == ExitStatus.USAGE
    assert "give --yes" in refused.stderr
    assert run(ground, "delete", "shop", "--yes") == "deleted shop\n"
    assert invoke(ground, "log", "shop").exit_code == ExitStatus.USAGE


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1)])
def test_delete_does_what_it_is_told(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    """At a terminal."""
    monkeypatch.setattr("assize.cli.workspace._is_asked", lambda: True)
    environment = {"ASSIZE_SERVER": ground.address}
    CliRunner().invoke(app, ["workspace", "delete", "shop"], env=environment, input=answer)
    assert len(told(run(ground, "list", "-o", "json"))) == left


def test_conflicts_are_named_and_force_tells_what_is_lost(
    ground: Ground, shop: Path, tmp_path: Path
) -> None:
    """Exit status 2: the request is at fault, nothing was done."""
    other = tmp_path / "other"
    run(ground, "pull", "shop", str(other))
    (other / "a").write_bytes(b"theirs")
    run(ground, "push", "shop", str(other))
    (shop / "a").write_bytes(b"mine")
    pushing = invoke(ground, "push", "shop", str(shop))
    assert (pushing.exit_code, "pull first" in pushing.stderr) == (ExitStatus.USAGE, True)
    pulling = invoke(ground, "pull", "shop", str(shop))
    assert pulling.exit_code == ExitStatus.USAGE
    assert "error: a: was changed here" in pulling.stderr
    assert "overwrote your change of a\n" in run(ground, "pull", "shop", str(shop), "--force")
    assert (shop / "a").read_bytes() == b"theirs"


def test_names_that_steer_a_terminal_are_escaped(ground: Ground, shop: Path) -> None:
    """In every command that prints a path, a message or a file."""
    name = "\x1b[2J\n\u202eevil"
    lay(shop, {name: b"\x1b[31mred\n", "kept": "\x1b[0m"})
    run(ground, "push", "shop", str(shop), "-m", "\x1b[1mbold")
    for words in (("show", "shop"), ("show", "shop", name), ("diff", "shop"), ("log", "shop")):
        output = run(ground, *words)
        assert "\x1b" not in output
        assert "\u202e" not in output
    (shop / name).write_bytes(b"mine")
    run(ground, "rollback", "shop", "head~1")
    conflict = invoke(ground, "pull", "shop", str(shop))
    assert r"\x1b[2J\n\u202eevil" in conflict.stderr
    assert "\x1b" not in conflict.stderr


@pytest.mark.usefixtures("shop")
def test_damage_is_could_not_tell(ground: Ground) -> None:
    """It is ours, not the caller's: exit status 4, with the object's name."""
    digest = digest_of(b"one\n")
    place = ground.blob(digest)
    place.rename(place.with_suffix(".away"))
    try:
        damaged = invoke(ground, "rollback", "shop", "head~1")
    finally:
        place.with_suffix(".away").rename(place)
    assert damaged.exit_code == ExitStatus.UNKNOWN
    assert digest in damaged.stderr


def test_gc_tells_what_went(ground: Ground) -> None:
    """As text and as JSON."""
    assert re.fullmatch(r"removed \d+ log entries and \d+ objects, .*\n", run(ground, "gc"))
    assert set(json.loads(run(ground, "gc", "-o", "json"))) == {"log_entries", "objects", "bytes"}


def test_every_command_has_an_example() -> None:
    """Whoever asks for help sees how it is called."""
    listed = CliRunner().invoke(app, ["workspace", "--help"], env={"COLUMNS": "200"}).output
    for command in COMMANDS:
        assert command in listed
        output = CliRunner().invoke(app, ["workspace", command, "--help"]).output
        assert f"assize workspace {command}" in output


def test_client_loads_nothing_of_the_service() -> None:
    """An agent installs the client alone."""
    text = "import assize.workspaces, sys; print(*[m for m in sys.modules if 'assize_' in m])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
