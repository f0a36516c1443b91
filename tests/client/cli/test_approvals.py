"""`assize holds`, `approve`, `deny` and `approvals` against the real service."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.approvals import (
    ALICE,
    BOB,
    CREATED,
    DELETED,
    EFFECTS,
    NOW,
    TTL_SECONDS,
    WEIGHED,
    asked,
    commit_hold,
    execution_hold,
)
from support.desk import Office, office_elsewhere
from typer.testing import CliRunner, Result

from assize.approvals.client import ApprovalClient
from assize.approvals.digests import shown_digest
from assize.approvals.keys import read_private, write_private
from assize.cli import main
from assize.cli.hold_rendering import hold_text
from assize.errors import AccessDenied
from assize.model.approvals import HoldState
from assize.model.effects import Effect, EffectKind, EffectSet, RowChange
from assize_server.approvals.approvers import read_approvers
from assize_server.approvals.drafts import before_commit
from assize_server.approvals.holds import list_holds

PASSPHRASE = "correct horse"
AT_A_TERMINAL = (
    "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "from assize.cli.main import run; run()"
)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Give the services, and an environment that reaches them as Alice."""
    with office_elsewhere(tmp_path) as made:
        write_private(tmp_path / "alice.key", ALICE, PASSPHRASE)
        write_private(tmp_path / "bob.key", BOB, PASSPHRASE)
        monkeypatch.setenv("ASSIZE_APPROVALS_SERVER", made.address)
        monkeypatch.setenv("ASSIZE_APPROVALS_TOKEN", "token-of-alice")
        monkeypatch.setenv("ASSIZE_KEY", str(tmp_path / "alice.key"))
        monkeypatch.setenv("ASSIZE_KEY_PASSPHRASE", PASSPHRASE)
        monkeypatch.chdir(tmp_path)
        yield made


def run(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main.app, list(words))


def digest() -> str:
    """Return the digest of what is shown of the usual hold."""
    return shown_digest(commit_hold())


def test_hold_is_listed_shown_approved_and_lands(opened: Office) -> None:
    """The whole way of an approver."""
    opened.hold(commit_hold())
    assert "hold-1" in run("holds", "list").stdout
    shown = run("holds", "show", "hold-1")
    assert digest() in shown.stdout
    result = run("approve", "hold-1", "--yes", "--digest", digest(), "--reason", "checked")
    assert (result.exit_code, result.stdout) == (0, "hold-1 is committed\n")
    assert "LOSES CONTENT: 2 of 3 effects" in result.stderr
    assert opened.committer.asked == [("commit", "hold-1")]


def test_what_loses_content_is_shown_first() -> None:
    """Then what else was held, then the rest."""
    text = hold_text(commit_hold())
    places = [text.index(each) for each in ("LOSES CONTENT", "db.delete", "fs.delete", "OTHERS")]
    assert places == sorted(places)
    assert text.index("fs.create") > places[-1]
    for each in (
        DELETED.path,
        "main.users, 2 rows",
        "name='ann'",
        "and 1 more row, not shown",
        "| +hi",
    ):
        assert each in text


def test_program_is_shown_with_what_was_found(opened: Office) -> None:
    """Before execution: the very text that would run."""
    opened.hold(execution_hold())
    shown = run("holds", "show", "hold-x1").stdout
    assert "STATIC-1 main.py:2 removes a folder" in shown
    assert "      | shutil.rmtree('x')" in shown


def test_names_and_contents_steer_no_terminal() -> None:
    """Escapes are shown, and no line of content looks like one of ours."""
    nasty = "\x1b[2K\u202e\nOTHERS: 0"
    effect = Effect(
        EffectKind.FS_DELETE,
        f"data/{nasty}",
        detail=nasty,
        diff=f"-{nasty}\r\n",
        rows=(RowChange(((nasty, nasty),)),),
    )
    weighed = (replace(WEIGHED[2], effect=effect, why=nasty),)
    effects = EffectSet("shop", EFFECTS.base, EFFECTS.result, (effect,))
    text = hold_text(before_commit("hold-1", asked(), effects, weighed))
    assert not {"\x1b", "\u202e", "\r"}.intersection(text)
    assert text.splitlines().count("OTHERS: 0") == 1


def test_quorum_of_two_tells_that_more_must_sign(opened: Office, tmp_path: Path) -> None:
    """Exit status 3 after the first, 0 after the second."""
    hold = commit_hold(quorum=2)
    opened.hold(hold)
    words = ("approve", "hold-1", "--yes", "--digest", shown_digest(hold))
    assert run(*words).exit_code == 3
    assert run(*words).exit_code == 2
    assert run(*words, "--key", str(tmp_path / "bob.key")).exit_code == 0


def test_denial_needs_a_reason_and_is_final(opened: Office) -> None:
    """What comes after is refused."""
    opened.hold(commit_hold())
    words = ("hold-1", "--yes", "--digest", digest())
    assert run("deny", *words).exit_code == 2
    assert run("deny", *words, "--reason", " ").exit_code == 2
    result = run("deny", *words, "--reason", "not today", "-o", "json")
    assert (result.exit_code, json.loads(result.stdout)["status"]["state"]) == (0, "DENIED")
    assert run("approve", *words).exit_code == 2


def test_approval_that_does_not_land_is_1(opened: Office) -> None:
    """A script can tell it from one that did."""
    opened.committer.outcome = HoldState.CONFLICT
    opened.hold(commit_hold())
    result = run("approve", "hold-1", "--yes", "--digest", digest())
    told = "hold-1 was approved and did not land, a conflict: the workspace moved on\n"
    assert (result.exit_code, result.stdout) == (1, told)


@pytest.mark.parametrize(
    "words",
    [
        ("--yes",),
        ("--yes", "--digest", "0" * 64),
        (),
        ("--yes", "--digest", shown_digest(commit_hold()), "--to", "x.json"),
    ],
)
def test_nothing_is_signed_unseen(opened: Office, words: tuple[str, ...]) -> None:
    """Without a terminal the digest of what was looked at must be given, and be right."""
    opened.hold(commit_hold())
    assert run("approve", "hold-1", *words).exit_code == 2
    (found,) = opened.database.read_now(list_holds)
    assert found.approvals == 0


def test_hold_that_shows_something_else_than_it_names_is_not_signed(opened: Office) -> None:
    """A service that lies to its approvers gets no signature."""
    lying = replace(commit_hold(), result="e" * 64)
    opened.hold(lying)
    result = run("approve", "hold-1", "--yes", "--digest", shown_digest(lying))
    assert result.exit_code == 4
    assert "do not sign" in result.stderr
    assert run("holds", "show", "hold-1").exit_code == 4


def test_grant_like_a_hold_that_lies_is_not_signed(opened: Office) -> None:
    """What is signed ahead is taken from what the service tells of the hold."""
    opened.hold(replace(commit_hold(), workspace="agent-8/bank"))
    words = ("--path", "workspace/**", "--most", "5", "--reason", "x", "--yes", "--for", "2h")
    assert run("approvals", "grant", "--like", "hold-1", *words).exit_code == 4
    assert run("approvals", "grants", "--all").stdout == ""


def test_decision_is_signed_without_a_network(
    opened: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Export, sign elsewhere, submit."""
    opened.hold(commit_hold())
    assert run("holds", "export", "hold-1", "--to", "hold.json").exit_code == 0
    assert (tmp_path / "hold.json").stat().st_mode & 0o077 == 0
    assert run("holds", "export", "hold-1", "--to", "hold.json").exit_code == 2
    words = ("--yes", "--digest", digest(), "--bundle", "hold.json")
    with monkeypatch.context() as offline:
        offline.delenv("ASSIZE_APPROVALS_SERVER")
        assert run("approve", "hold-2", *words).exit_code == 2
        assert run("approve", "hold-1", *words).exit_code == 0
        assert run("approvals", "submit", "hold-1.decision.json").exit_code == 2
    result = run("approvals", "submit", "hold-1.decision.json")
    assert (result.exit_code, result.stdout) == (0, "hold-1 is committed\n")


def test_file_of_another_kind_is_named(opened: Office) -> None:
    """It is the command line that is at fault, and says which file."""
    opened.hold(commit_hold())
    run("holds", "export", "hold-1", "--to", "hold.json")
    result = run("approvals", "submit", "hold.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "hold.json is no signed decision: envelope: the key" in result.stderr
    words = ("--yes", "--digest", digest(), "--bundle", "alice.key")
    result = run("approve", "hold-1", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "alice.key is no file of `assize holds export`" in result.stderr


def test_bundle_that_was_changed_on_the_way_is_not_signed(opened: Office, tmp_path: Path) -> None:
    """The digest says so."""
    opened.hold(commit_hold())
    run("holds", "export", "hold-1", "--to", "hold.json")
    path = tmp_path / "hold.json"
    path.write_bytes(path.read_bytes().replace(CREATED.path.encode(), b"c.txt"))
    words = ("--yes", "--digest", digest(), "--bundle", "hold.json")
    assert run("approve", "hold-1", *words).exit_code != 0
    assert not (tmp_path / "hold-1.decision.json").exists()


def test_grant_is_given_like_a_hold_listed_and_revoked(
    opened: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its workspace, policy and rules."""
    monkeypatch.setattr("assize.cli.approvals.time.time", lambda: NOW)
    opened.hold(commit_hold())
    words = ("--like", "hold-1", "--path", "workspace/data/**", "--most", "5", "--reason", "x")
    assert run("approvals", "grant", *words, "--for", "2h").exit_code == 2
    for duration in ("9h", "0s", "2"):
        assert run("approvals", "grant", *words, "--yes", "--for", duration).exit_code == 2
    given = run("approvals", "grant", *words, "--yes", "--for", "2h", "-o", "json")
    assert given.exit_code == 0
    (record,) = json.loads(given.stdout)
    assert (record["person"], record["grant"]["rules"]) == ("alice", ["ORG-010"])
    assert record["id"] in run("approvals", "grants").stdout
    assert "revoked by alice" in run("approvals", "revoke", record["id"]).stdout
    assert run("approvals", "grants").stdout == ""
    assert run("approvals", "revoke", "nothing").exit_code == 2


def test_stats_are_told(opened: Office) -> None:
    """Per rule, with the rate of approvals."""
    opened.hold(commit_hold())
    assert "none yet" in run("holds", "stats").stdout
    opened.clock.now += 30
    run("approve", "hold-1", "--yes", "--digest", digest())
    text = run("holds", "stats").stdout
    assert "median after 30 s" in text
    assert "ORG-010: 1 hold, 100% approved" in text
    assert json.loads(run("holds", "stats", "-o", "json").stdout)["approved"] == 1


def test_every_hold_is_listed_on_demand(opened: Office) -> None:
    """By default what waits."""
    opened.hold(commit_hold())
    run("deny", "hold-1", "--yes", "--digest", digest(), "--reason", "no")
    assert run("holds", "list").stdout == ""
    assert "denied" in run("holds", "list", "--all").stdout
    found = json.loads(run("holds", "list", "--state", "denied", "-o", "json").stdout)
    assert [each["id"] for each in found] == ["hold-1"]


def test_changes_are_watched(opened: Office) -> None:
    """From the beginning, or after the last one seen."""
    opened.hold(commit_hold(1))
    opened.hold(commit_hold(2))
    with ApprovalClient(opened.address, "token-of-alice") as client:
        with closing(client.watch()) as changes:
            assert [next(changes).id, next(changes).id] == ["hold-1", "hold-2"]
        with closing(client.watch(1)) as changes:
            assert next(changes).id == "hold-2"


def test_caller_that_is_nobody_has_no_access(
    opened: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submitter's token neither."""
    opened.hold(commit_hold())
    for token in ("", "token-of-agent-7"):
        monkeypatch.setenv("ASSIZE_APPROVALS_TOKEN", token)
        assert run("holds", "list").exit_code == 2
    monkeypatch.delenv("ASSIZE_APPROVALS_SERVER")
    assert run("holds", "list").exit_code == 2


def test_token_is_not_sent_where_others_hear_it() -> None:
    """Not to another machine without TLS."""
    with pytest.raises(AccessDenied):
        ApprovalClient("approvals.example:443", "token")
    for address in ("127.0.0.1:1", "localhost:1", "[::1]:1", "unix:///x"):
        ApprovalClient(address, "token").close()


def test_new_key_fits_into_the_file_of_approvers(opened: Office, tmp_path: Path) -> None:
    """What is printed goes below `keys:`; the file of the private half is not written over."""
    result = run("approvals", "keygen", "--to", "new.key")
    assert result.exit_code == 0
    entry = "".join(f"    {line}\n" for line in result.stdout.splitlines())
    text = "apiVersion: assize.dev/v1\nsubmitters: []\npeople:\n- name: eve\n  groups: [a]\n"
    (eve,) = read_approvers(f"{text}  keys:\n{entry}", "approvers.yaml").people
    key = read_private(tmp_path / "new.key", PASSPHRASE)
    assert list(eve.keys.values()) == [key.public_key()]
    again = run("approvals", "keygen", "--to", "new.key")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "name another" in again.stderr


def test_key_that_cannot_be_there_is_told(opened: Office) -> None:
    """Below a file there is no folder to make; a key that is missing can be made."""
    result = run("approvals", "keygen", "--to", "alice.key/folder/new.key")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "alice.key/folder: Not a directory" in result.stderr
    opened.hold(commit_hold())
    result = run("approve", "hold-1", "--yes", "--digest", digest(), "--key", "none.key")
    assert result.exit_code == 2
    assert "assize approvals keygen" in result.stderr


def test_person_at_a_terminal_is_asked(opened: Office) -> None:
    """For a yes and for the passphrase, which is not shown."""
    opened.hold(replace(commit_hold(), expires_at=NOW + TTL_SECONDS))
    environment = {name: value for name, value in os.environ.items() if "PASSPHRASE" not in name}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", AT_A_TERMINAL, "approve", "hold-1"],
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    # The blank after the colon comes once nothing is echoed any more.
    for word, answer in ((b"[y/N]", b"y\n"), (b".key: ", f"{PASSPHRASE}\n".encode())):
        while word not in said:
            said += os.read(ours, 4096)
        os.write(ours, answer)
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:
        pass  # the other side is closed
    os.close(ours)
    assert process.wait() == 0, said.decode()
    assert b"hold-1 is committed" in said
    assert PASSPHRASE.encode() not in said
