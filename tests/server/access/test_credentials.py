"""The credentials file: who may call, by the digest of a token."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assize.model.callers import Caller, Role
from assize_server.access.credentials import (
    AccessFileError,
    Credentials,
    _Known,
    digest_of,
    load_credentials,
    new_token,
)
from assize_server.cli.access import app

CI, ALICE, BOB = "ci-token", "alice-token", "bob-token"
FILE = f"""
submitters: [{{name: ci, token_sha256: "{digest_of(CI)}"}}]
approvers: [{{name: alice, token_sha256: "{digest_of(ALICE)}"}}]
auditors: [{{name: bob, token_sha256: "{digest_of(BOB)}"}}]
"""


def written(folder: Path, text: str) -> Path:
    """Write the file."""
    path = folder / "access.yaml"
    path.write_text(text)
    path.chmod(0o644)
    return path


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """Give the file loaded."""
    return load_credentials(written(tmp_path, FILE))


def test_token_names_its_caller(credentials: Credentials) -> None:
    """And the only role that they have."""
    assert credentials.caller_of(CI) == Caller("ci", Role.SUBMITTER)
    assert credentials.caller_of(ALICE) == Caller("alice", Role.APPROVER)
    assert credentials.caller_of(BOB) == Caller("bob", Role.AUDITOR)


@given(st.text(max_size=300))
def test_any_other_token_names_nobody(token: str) -> None:
    """Whatever it is made of."""
    known = Credentials((_Known(Caller("ci", Role.SUBMITTER), digest_of(CI)),))
    assert known.caller_of(token) is None or token == CI


def test_digest_is_no_token(credentials: Credentials) -> None:
    """Whoever reads the file cannot call with it."""
    for token in (digest_of(CI), "", CI.upper(), f"{CI} ", CI * 100, "\ud800"):
        assert credentials.caller_of(token) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("name: alice", "name: ci"), "the name ci is taken"),
        (("name: alice", "name: anonymous"), "the name anonymous is taken"),
        (("name: alice", "name: assize"), "the name assize is taken"),
        ((digest_of(ALICE), digest_of(CI)), "a token that somebody else has"),
        ((digest_of(ALICE), digest_of(ALICE).upper()), "approvers[0].token_sha256"),
        ((digest_of(ALICE), ALICE), "approvers[0].token_sha256"),
        (("name: alice", 'name: "a b"'), "approvers[0].name"),
        (("name: alice", "nom: alice"), "approvers[0].nom"),
        (("auditors: [", "auditor: ["), "auditors"),
        (("auditors: [", "approvers: ["), "already given"),
        (("approvers: [", "approvers: &a ["), "anchors"),
    ],
)
def test_file_that_is_not_understood_lets_nobody_in(
    tmp_path: Path, change: tuple[str, str], problem: str
) -> None:
    """A credential in two roles, a token in place of its digest, a misspelt key."""
    with pytest.raises(AccessFileError) as caught:
        load_credentials(written(tmp_path, FILE.replace(*change)))
    assert problem in str(caught.value)
    assert caught.value.remedy


def test_token_by_mistake_in_the_file_is_not_repeated(tmp_path: Path) -> None:
    """Error messages go to logs."""
    with pytest.raises(AccessFileError) as caught:
        load_credentials(written(tmp_path, FILE.replace(digest_of(ALICE), ALICE)))
    assert ALICE not in str(caught.value)


def test_file_that_names_nobody_is_a_mistake(tmp_path: Path) -> None:
    """So is one that others may write to, or that is not there."""
    with pytest.raises(AccessFileError, match="nobody is named"):
        load_credentials(written(tmp_path, "submitters: []\napprovers: []\nauditors: []\n"))
    path = written(tmp_path, FILE)
    path.chmod(0o664)
    with pytest.raises(AccessFileError, match="others may write"):
        load_credentials(path)
    with pytest.raises(AccessFileError, match="cannot be read"):
        load_credentials(tmp_path / "missing.yaml")


def test_tokens_are_long_and_different() -> None:
    """256 bits, told by their beginning."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(each.startswith("assize_") and len(each) == 7 + 43 for each in tokens)


def test_operator_makes_a_token_and_checks_the_file(tmp_path: Path) -> None:
    """The token is printed once; its line goes into the file as it is."""
    made = CliRunner().invoke(app, ["token", "carol"])
    token, line = made.stdout.strip(), made.stderr.splitlines()[-1]
    assert token not in made.stderr
    path = written(tmp_path, f"submitters:\n{line}\napprovers: []\nauditors: []\n")
    assert load_credentials(path).caller_of(token) == Caller("carol", Role.SUBMITTER)
    listed = CliRunner().invoke(app, ["check", str(path)])
    assert (listed.exit_code, listed.stdout.split()) == (0, ["submitter", "carol"])
    path.write_text("nonsense")
    assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 2


@pytest.mark.parametrize("name", ["two words", "", "-x", "a" * 65, "a\n"])
def test_token_for_a_name_that_no_file_takes_is_not_made(name: str) -> None:
    """It would be found out when the service refuses to start."""
    made = CliRunner().invoke(app, ["token", "--", name])
    assert (made.exit_code, made.stdout) == (2, "")
    assert "letters, digits" in made.stderr
