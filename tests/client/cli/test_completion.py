"""What the shell completes, asked as a shell asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.approvals import commit_hold
from support.desk import office_elsewhere
from support.workspaces import Ground, served
from typer.testing import CliRunner

from assize.cli.main import app


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A service with three workspaces."""
    with served(tmp_path_factory.mktemp("ground")) as made:
        for name in ("shop", "shelf", "other"):
            CliRunner().invoke(app, ["workspace", "create", name], env=reached(made.address))
        yield made


def reached(address: str) -> dict[str, str]:
    """Return the environment that names a service."""
    return {"ASSIZE_SERVER": address, "ASSIZE_APPROVALS_SERVER": address}


def completed(address: str, line: str) -> list[str]:
    """Return what is offered for the last word of the line."""
    asked = {"_ASSIZE_COMPLETE": "complete_bash", "COMP_WORDS": line}
    words = str(len(line.split(" ")) - 1)
    environment = {**asked, "COMP_CWORD": words, **reached(address)}
    done = CliRunner().invoke(app, [], prog_name="assize", env=environment)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    "line", ["assize workspace log sh", "assize verify a.py --spec b.yaml --workspace sh"]
)
def test_workspaces_that_begin_like_the_word_are_offered(ground: Ground, line: str) -> None:
    """Wherever a workspace is named."""
    assert sorted(completed(ground.address, line)) == ["shelf", "shop"]


def test_name_of_a_new_workspace_is_not_offered(ground: Ground) -> None:
    """It must be another one."""
    assert completed(ground.address, "assize workspace create sh") == []


def test_pending_holds_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their ids are long."""
    monkeypatch.setenv("ASSIZE_APPROVALS_TOKEN", "token-of-alice")
    with office_elsewhere(tmp_path) as office:
        office.hold(commit_hold())
        for command in ("approve", "deny", "holds show", "approvals grant --like"):
            assert completed(office.address, f"assize {command} ho") == ["hold-1"]


@pytest.mark.parametrize("address", ["", "unix:///none.sock"])
@pytest.mark.parametrize("command", ["workspace log", "approve", "policy show"])
def test_service_that_does_not_answer_completes_nothing(address: str, command: str) -> None:
    """No fault of ours lands in somebody's command line, and no service is started for a Tab."""
    assert completed(address, f"assize {command} x") == []
