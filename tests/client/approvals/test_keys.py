"""Private keys on disk: encrypted, for one user, Ed25519."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from support.approvals import ALICE

from assize.approvals.keys import (
    KeyFault,
    generate,
    key_id,
    public_from_pem,
    public_from_raw,
    public_pem,
    raw_public,
    read_private,
    write_private,
)

PASSPHRASE = "correct horse"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a key's file."""
    made = tmp_path / "approver.key"
    write_private(made, ALICE, PASSPHRASE)
    return made


def refusal(path: Path, passphrase: str = PASSPHRASE) -> str:
    """Return why a key is not read."""
    with pytest.raises(KeyFault) as caught:
        read_private(path, passphrase)
    return str(caught.value)


def test_key_comes_back_by_its_passphrase(path: Path) -> None:
    """And by no other."""
    again = read_private(path, PASSPHRASE)
    assert key_id(again.public_key()) == key_id(ALICE.public_key())
    assert "passphrase" in refusal(path, "wrong horse")


def test_key_is_encrypted_and_for_its_owner_alone(path: Path) -> None:
    """Whatever the umask."""
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_key_that_others_may_use_is_refused(path: Path, mode: int) -> None:
    """And what to do is said."""
    path.chmod(mode)
    assert "chmod 600" in refusal(path)


def test_key_of_somebody_else_is_refused(path: Path) -> None:
    """Who owns the file could have put another there."""
    os.chown(path, 12345, 12345)
    assert "another user" in refusal(path)


def test_link_pipe_and_folder_are_refused(path: Path, tmp_path: Path) -> None:
    """Without hanging."""
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "pipe", "."):
        assert refusal(tmp_path / name)


@pytest.mark.parametrize("kind", ["plain", "other", "garbage"])
def test_key_of_another_form_is_refused(tmp_path: Path, kind: str) -> None:
    """Not encrypted, another algorithm, or no key."""
    sealed = BestAvailableEncryption(PASSPHRASE.encode())
    other = ec.generate_private_key(ec.SECP256R1())
    content = {
        "plain": ALICE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "other": other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed),
        "garbage": b"-----BEGIN",
    }[kind]
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    assert str(path) in refusal(path)


def test_key_is_never_written_over(path: Path) -> None:
    """Nor through a link."""
    with pytest.raises(KeyFault):
        write_private(path, generate(), PASSPHRASE)
    link = path.with_name("link")
    link.symlink_to(path.with_name("nothing"))
    with pytest.raises(KeyFault):
        write_private(link, generate(), PASSPHRASE)


def test_short_passphrase_is_refused(tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(KeyFault):
        write_private(tmp_path / "key", ALICE, "short")
    assert not (tmp_path / "key").exists()


def test_public_key_comes_back_from_pem_and_from_its_bytes() -> None:
    """The same key by either."""
    public = ALICE.public_key()
    assert public_from_pem(public_pem(public)) == public
    assert public_from_raw(raw_public(public)) == public


def test_weak_public_key_is_refused() -> None:
    """For a point of small order, anybody has a signature."""
    identity = b"\x01" + bytes(31)
    forged = identity + bytes(32)
    try:
        Ed25519PublicKey.from_public_bytes(identity).verify(forged, b"anything")
    except InvalidSignature:
        pytest.fail("the library refuses such keys itself now: the list can go")
    for raw in (identity, identity[:-1] + b"\x80", bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f"):
        with pytest.raises(KeyFault):
            public_from_raw(raw)
