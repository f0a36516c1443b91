"""The whole way of a run that a person must decide about, typed as people type it.

A service of its own, real containers and every command as a process: an agent's program deletes a
file, a policy holds that, somebody approves, it lands, is rolled back, and the records verify.
"""

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest
from support.cli import private_home, ran, read_until, started
from support.service import POLICIES

from assize_sandbox.images.store import Image
from assize_server.approvals.approvers import FILE_NAME
from assize_server.cli.serve import APPROVALS_SOCKET

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.engine

PASSPHRASE = "correct horse battery staple"
DELETES = 'import pathlib\n\npathlib.Path("prices.csv").unlink()\nprint("tidied")\n'
SPEC = 'checks:\n  - name: prints\n    stdout: {exact: "tidied\\n"}\n'


@dataclass(frozen=True)
class Desk:
    """Somebody's terminal, and the service that it talks to."""

    folder: Path
    home: Path

    def run(self, *words: str, ends_with: int = 0) -> str:
        """Run `assize` and return what it prints; it must end as told."""
        ended = self.tried(*words)
        assert ended.returncode == ends_with, (words, ended.stdout, ended.stderr)
        return ended.stdout

    def tried(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `assize` and return how it ended."""
        return ran(
            self.home,
            *words,
            ASSIZE_SERVER=f"unix://{self.home}/rpc.sock",
            ASSIZE_APPROVALS_SERVER=f"unix://{self.home}/state/{APPROVALS_SOCKET}",
            ASSIZE_KEY=str(self.folder / "alice.key"),
            ASSIZE_KEY_PASSPHRASE=PASSPHRASE,
        )

    def path(self, name: str, text: str = "") -> str:
        """Return the path of a file of theirs, written if there is a text."""
        if text:
            (self.folder / name).write_text(text)
        return str(self.folder / name)


@pytest.fixture
def desk(tmp_path: Path, home: Path, image: Image) -> Iterator[Desk]:
    """Give the terminal of Alice, who may approve, before a running service."""
    made = Desk(tmp_path, private_home(tmp_path, home))
    policies = Path(copytree(POLICIES, tmp_path / "policies"))
    key = made.run("approvals", "keygen", "--to", made.path("alice.key"))
    (policies / FILE_NAME).write_text(approvers(key))
    with serving(made, policies):
        yield made


@contextmanager
def serving(desk: Desk, policies: Path) -> Iterator[None]:
    """Run the service."""
    address = f"unix://{desk.home}/rpc.sock"
    words = ("serve", "--listen", address, "--pool-size", "1", "--policies", str(policies))
    with started(desk.home, *words) as process:
        read_until(process, '"listening"')
        yield


def approvers(key: str) -> str:
    """Return the file of approvers, with what `keygen` printed put where it says."""
    indented = "".join(f"      {line}\n" for line in key.splitlines())
    return (
        "apiVersion: assize.dev/v1\npeople:\n  - name: alice\n    groups: [data-owners]\n"
        f"    keys:\n{indented}submitters: []\n"
    )


def test_deletion_is_held_approved_landed_rolled_back_and_proven(desk: Desk) -> None:
    """Each command's output has what the next one needs."""
    socket = desk.home / "state" / APPROVALS_SOCKET
    # Without a credentials file, who may open it is who may ask for holds.
    assert [stat.S_IMODE(each.stat().st_mode) for each in (socket, socket.parent)] == [0o600, 0o700]
    (desk.folder / "shop").mkdir()
    (desk.folder / "shop" / "prices.csv").write_text("apple,1\n")
    source, spec = desk.path("tidy.py", DELETES), desk.path("spec.yaml", SPEC)
    desk.run("workspace", "create", "shop")
    desk.run("workspace", "push", "shop", desk.path("shop"), "-m", "as it was")

    words = ("verify", source, "--spec", spec, "--workspace", "shop", "-o", "json")
    verdict = json.loads(desk.run(*words, ends_with=3))
    (weighed,) = verdict["effects"]
    assert (weighed["effect"]["kind"], weighed["decision"]) == ("FS_DELETE", "HOLD")
    assert (verdict["status"], verdict["workspace"]["outcome"]) == ("HELD", "HELD")
    assert "prices.csv" in desk.run("workspace", "show", "shop")
    run, hold = verdict["verification_id"], verdict["hold"]["hold_id"]
    assert run in desk.run("verdict", run, ends_with=3)

    assert hold in desk.run("holds", "list")
    assert "-apple,1" in desk.run("holds", "show", hold)
    shown = json.loads(desk.run("holds", "show", hold, "-o", "json"))
    desk.run("approve", hold, "--yes", "--digest", "0" * 64, ends_with=2)
    told = desk.run("approve", hold, "--yes", "--digest", shown["digest"], "--reason", "seen")
    assert told == f"{hold} is committed\n"
    again = desk.tried("approve", hold, "--yes", "--digest", shown["digest"])
    assert (again.returncode, "its state is committed" in again.stderr) == (2, True), again

    assert desk.run("verdict", run).startswith("PASSED")
    assert "prices.csv" not in desk.run("workspace", "show", "shop")
    newest = json.loads(desk.run("workspace", "log", "shop", "-o", "json"))[0]
    assert (newest["kind"], newest["verification_id"]) == ("COMMIT", run)
    assert verdict["workspace"]["base"] in desk.run("workspace", "rollback", "shop", "head~1")
    assert desk.run("workspace", "show", "shop", "prices.csv") == "apple,1\n"

    key = desk.path("service.pub", desk.run("keys", "show"))
    sound = desk.run("audit", "verify", "--key", key, "--remember", desk.path("remembered"))
    assert sound.startswith("SOUND")
    log = [json.loads(line) for line in desk.run("audit", "list", "-o", "json").splitlines()]
    of_run = [each["entry"]["kind"] for each in log if run in str(each["entry"]["subject"])]
    assert of_run == [
        "admission",
        "hold",
        "verdict",
        "approval",
        "commit_intent",
        "commit",
        "verdict",
    ]
    statement = desk.path("verdict.json")
    desk.run("attest", "get", run, "--out", statement)
    about = ("--source", source, "--spec", spec, "--passed")
    assert run in desk.run("attest", "verify", statement, "--key", key, *about)
    desk.path("tidy.py", DELETES + "# another program\n")
    desk.run("attest", "verify", statement, "--key", key, *about, ends_with=1)
