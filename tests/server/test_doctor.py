"""`assize doctor` on this host, over real containers."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest
from support.approvals import ALICE
from support.cli import PATIENCE_SECONDS, containers, private_home, started
from support.service import POLICIES

from assize.approvals.keys import public_pem
from assize_sandbox.images.store import Image
from assize_sandbox.probe import OPTIONAL, REMEDIES
from assize_server.access.credentials import digest_of
from assize_server.approvals.approvers import FILE_NAME
from assize_server.attestation.keys import open_keys
from assize_server.cli import doctor_state
from assize_server.cli.examined import Examined
from assize_server.settings import Settings
from assize_server.store.database import VERSION, Database

pytestmark = pytest.mark.engine


def test_all_that_is_needed_passes_here(tmp_path: Path, home: Path, image: Image) -> None:
    """Every barrier is tried and told, as JSON alone on standard output; nothing is left."""
    own_home = private_home(tmp_path, home)
    with started(own_home, "doctor", "--engine", "runc", "-o", "json") as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    examined = {each["name"]: each for each in json.loads(out)}
    for each in examined.values():
        assert each["passed"] or each["informational"], each
        assert each["evidence"], each
    told = {name.removeprefix("barrier: ") for name in examined if name.startswith("barrier: ")}
    assert told == set(REMEDIES)
    for name in OPTIONAL:
        assert examined[f"barrier: {name}"]["informational"]
    for name in ("state", "database", "signing keys", "views"):
        assert examined[name]["passed"], examined[name]
    assert examined["views"]["evidence"].startswith(("overlay", "copy"))
    assert (process.returncode, err) == (0, "")
    assert not (own_home / "state").exists(), "it looks, and makes nothing"
    assert containers(own_home) == set()


def test_home_without_image_fails_and_says_the_remedy(tmp_path: Path) -> None:
    """Whoever reads it knows what to type."""
    with started(tmp_path, "doctor", "--engine", "runc", "-o", "json") as process:
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    examined = {each["name"]: each for each in json.loads(out)}
    assert not examined["image"]["passed"]
    assert examined["image"]["remedy"] == "assize image build"
    assert process.returncode == 1


def test_views_that_cannot_be_made_are_told_and_no_fault(tmp_path: Path) -> None:
    """A service without rights keeps workspaces, and the operator reads what that means."""
    (tmp_path / "file").touch()
    row = doctor_state.views(Settings(home=tmp_path / "file"))
    assert (row.passed, row.informational) == (False, True)
    assert "no code is run over" in row.evidence
    assert "root" in row.remedy


def test_state_that_was_made_is_examined_and_not_touched(tmp_path: Path) -> None:
    """Its database and its keys, with the version and the mode."""
    settings = Settings(state=tmp_path)
    opened = Database(tmp_path / "assize.db")
    opened.open_now()
    opened.close_now()
    keys = open_keys(tmp_path, lambda: 1)
    assert doctor_state.state(settings).passed
    assert f"version {VERSION}" in doctor_state.database(settings).evidence
    row = doctor_state.keys(settings)
    assert row.passed
    assert keys.origin in row.evidence
    assert "0600" in row.evidence


def _of_another_version(state: Path) -> None:
    with closing(sqlite3.connect(state / "assize.db")) as made:
        made.execute(f"PRAGMA user_version = {VERSION + 1}")


def _damaged(state: Path) -> None:
    (state / "assize.db").write_bytes(b"no database" * 500)


def _key_for_all(state: Path) -> None:
    open_keys(state, lambda: 1)
    (state / "keys" / "service.json").chmod(0o644)


def _no_key(state: Path) -> None:
    open_keys(state, lambda: 1)
    (state / "keys" / "service.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "look", "told", "remedy"),
    [
        (_of_another_version, doctor_state.database, f"version {VERSION + 1}", "ASSIZE_STATE"),
        (_damaged, doctor_state.database, "not a database", "restore"),
        (_key_for_all, doctor_state.keys, "read by others", "chmod 600"),
        (_no_key, doctor_state.keys, "not a file of keys", "docs/audit.md"),
    ],
)
def test_state_of_no_use_fails_and_says_the_remedy(
    tmp_path: Path,
    damage: Callable[[Path], None],
    look: Callable[[Settings], Examined],
    told: str,
    remedy: str,
) -> None:
    """The service would not start, or would sign with what others can read."""
    damage(tmp_path)
    row = look(Settings(state=tmp_path))
    assert (row.passed, row.informational) == (False, False)
    assert told in row.evidence
    assert remedy in row.remedy


def test_who_may_call_is_counted_by_role(tmp_path: Path) -> None:
    """And without a file it is said that nobody is told apart."""
    path = tmp_path / "access.yaml"
    path.write_text(
        f'submitters: [{{name: ci, token_sha256: "{digest_of("one")}"}}]\n'
        f'approvers: [{{name: alice, token_sha256: "{digest_of("two")}"}}]\nauditors: []\n'
    )
    path.chmod(0o600)
    row = doctor_state.access(Settings(access=path))
    assert row.passed
    assert "1 approver, 1 submitter" in row.evidence
    assert "anonymous" in doctor_state.access(Settings()).evidence
    path.chmod(0o666)
    row = doctor_state.access(Settings(access=path))
    assert (row.passed, row.informational) == (False, False)
    assert "chmod go-w" in row.evidence


def test_nobody_who_could_approve_is_told(tmp_path: Path) -> None:
    """As shipped, holds can only expire; with somebody, quorums are compared with the groups."""
    (row,) = doctor_state.approvers(Settings())
    assert (row.passed, row.informational) == (False, True)
    assert row.evidence == "nobody: holds can only expire"

    policies = Path(copytree(POLICIES, tmp_path / "policies"))
    settings = Settings(policies=policies)
    key = "\n".join(f"        {line}" for line in public_pem(ALICE.public_key()).splitlines())
    text = "apiVersion: assize.dev/v1\npeople:\n  - name: alice\n    groups: [{group}]\n"
    text += f"    keys:\n      - |\n{key}\nsubmitters: []\n"
    (policies / FILE_NAME).write_text(text.replace("{group}", "data-owners"))
    people, quorums = doctor_state.approvers(settings)
    assert (people.passed, people.evidence) == (True, "1 with a key")
    assert "default" not in quorums.evidence
    (policies / FILE_NAME).write_text(text.replace("{group}", "cooks"))
    _, quorums = doctor_state.approvers(settings)
    assert (quorums.passed, quorums.informational) == (False, True)
    assert "default asks for 1 of data-owners, there are 0" in quorums.evidence

    (policies / FILE_NAME).write_text("people: []\n")
    (row,) = doctor_state.approvers(settings)
    assert (row.passed, row.informational) == (False, False)


def test_where_checkpoints_go_is_told(tmp_path: Path) -> None:
    """Nowhere is a note, a place that is none a fault."""
    assert "nowhere" in doctor_state.checkpoints(Settings()).evidence
    row = doctor_state.checkpoints(Settings(checkpoints=f"folder:{tmp_path}"))
    assert row.passed
    assert "none that can be seen" in row.evidence
    row = doctor_state.checkpoints(Settings(checkpoints=f"folder:{tmp_path}/gone"))
    assert (row.passed, row.informational) == (False, False)
    (tmp_path / "checkpoint").write_text("no note")
    assert not doctor_state.checkpoints(Settings(checkpoints=f"file:{tmp_path}/checkpoint")).passed


def test_webhooks_without_a_secret_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service would not start."""
    monkeypatch.delenv("ASSIZE_WEBHOOKS", raising=False)
    assert doctor_state.webhooks().evidence == "nobody is told of holds"
    monkeypatch.setenv("ASSIZE_WEBHOOKS", "https://chat.example/holds")
    monkeypatch.delenv("ASSIZE_WEBHOOK_SECRET_FILE", raising=False)
    row = doctor_state.webhooks()
    assert not row.passed
    assert "openssl" in row.remedy
