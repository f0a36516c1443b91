"""`approvers.yaml`: read in full or not at all."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.approvals import ALICE, BOB, OLD_ALICE

from assize.approvals.keys import key_id, public_pem, raw_public
from assize_sandbox.errors import SandboxError
from assize_server.access.credentials import AccessFileError
from assize_server.approvals.approvers import load_approvers, read_approvers
from assize_server.approvals.errors import ApproversError
from assize_server.approvals.live import LiveApprovers
from assize_server.core.approvers import Approvers
from assize_server.policies.load import load_directory

POLICIES = Path(__file__).parents[3] / "policies"


def raw(key: object) -> str:
    """Return a public key as Base64 of its bytes."""
    return base64.b64encode(raw_public(key.public_key())).decode()  # type: ignore[attr-defined]


def text(people: str = "[]", submitters: str = "[]") -> str:
    """Return the text of a file."""
    return f"apiVersion: assize.dev/v1\npeople: {people}\nsubmitters: {submitters}\n"


def people(*persons: tuple[str, str]) -> str:
    """Return people with keys."""
    return "[" + ", ".join(f"{{name: {n}, groups: [g], keys: [{k}]}}" for n, k in persons) + "]"


def refusal(content: str) -> str:
    """Return why a file is refused."""
    with pytest.raises(ApproversError) as caught:
        read_approvers(content, "approvers.yaml")
    return str(caught.value)


def test_people_are_read_with_groups_and_keys() -> None:
    """PEM and Base64 of one key are one key."""
    pem = "".join(f"      {line}\n" for line in public_pem(ALICE.public_key()).splitlines())
    content = (
        "apiVersion: assize.dev/v1\npeople:\n  - name: alice\n    groups: [a, b]\n    keys:\n"
        f"    - |\n{pem}    revoked: [{{key: {raw(OLD_ALICE)}, since: '2026-01-31'}}]\n"
        "submitters: [{name: Agent 7}]\n"
    )
    found = read_approvers(content, "approvers.yaml")
    (alice,) = found.people
    assert alice.groups == {"a", "b"}
    assert set(alice.keys) == {key_id(ALICE.public_key())}
    assert alice.revoked == {key_id(OLD_ALICE.public_key()): "2026-01-31"}
    assert found.submitters == {"Agent 7"}
    same = read_approvers(text(people(("alice", raw(ALICE)))), "approvers.yaml")
    assert set(same.people[0].keys) == set(alice.keys)


def test_shipped_file_lets_nobody_approve_and_is_no_policy() -> None:
    """A new installation's holds expire."""
    assert load_approvers(POLICIES / "approvers.yaml") == Approvers()
    assert "approvers" not in load_directory(POLICIES).names()


def test_key_of_two_people_is_refused() -> None:
    """However it is written."""
    assert "belongs to one person" in refusal(
        text(people(("alice", raw(ALICE)), ("bob", raw(ALICE))))
    )


def test_person_that_submits_is_refused() -> None:
    """By name or by key."""
    person = people(("alice", raw(ALICE)))
    assert "cannot approve" in refusal(text(person, "[{name: Alice}]"))
    assert "cannot approve" in refusal(text(person, f"[{{name: ci, keys: [{raw(ALICE)}]}}]"))


def test_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """Nobody is not the same as not saying."""
    with pytest.raises(ApproversError):
        load_approvers(tmp_path / "approvers.yaml")


EC = ec.generate_private_key(ec.SECP256R1()).public_key()
EC_PEM = EC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
WEAK = base64.b64encode(b"\x01" + bytes(31)).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "people: []\nsubmitters: []\n",
        text() + "more: 1\n",
        text() + "people: []\n",
        text("[{name: Alice, groups: [g], keys: []}]"),
        text("[{name: alice, groups: [], keys: []}]"),
        text("[{name: alice, groups: [g], keys: [], admin: true}]"),
        text(people(("alice", "AAAA"))),
        text(people(("alice", "not-base64!"))),
        text(people(("alice", WEAK))),
        text(people(("alice", f"{raw(ALICE)}, {raw(ALICE)}"))),
        text(people(("alice", raw(ALICE)), ("alice", raw(BOB)))),
        text(people(("alice", repr(EC_PEM).replace("'", '"')))),
        text(
            f"[{{name: alice, groups: [g], keys: [{raw(ALICE)}], "
            f"revoked: [{{key: {raw(ALICE)}, since: '2026-01-31'}}]}}]"
        ),
        text(
            f"[{{name: alice, groups: [g], keys: [], revoked: [{{key: {raw(ALICE)}, since: x}}]}}]"
        ),
    ],
    ids=range(15),
)
def test_file_that_is_not_right_in_every_line_is_refused(content: str) -> None:
    """And says where."""
    assert "approvers.yaml" in refusal(content)


@pytest.mark.parametrize("kind", [ApproversError, AccessFileError])
def test_reload_of_a_wrong_file_keeps_those_who_were_and_takes_the_next(
    kind: type[SandboxError],
) -> None:
    """Of whichever file it is: a key that is revoked in the next one no longer counts then."""
    files: list[Approvers | SandboxError] = [
        read_approvers(text(people(("alice", raw(ALICE)))), "approvers.yaml"),
        kind("it is wrong"),
        Approvers(),
    ]

    def read() -> Approvers:
        match files.pop(0):
            case Approvers() as found:
                return found
            case error:
                raise error

    live = LiveApprovers(read)
    assert not live.reload()
    assert len(live().people) == 1
    assert live.reload()
    assert live().people == ()
