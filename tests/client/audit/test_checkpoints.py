"""Checkpoints: the published form, published signatures, and what is no checkpoint."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from assize.audit.checkpoints import (
    Checkpoint,
    MalformedCheckpoint,
    key_id,
    opened,
    signed,
    signed_note,
    unverified,
    verifier_key,
)
from assize.public_keys import PublicKey

# The example key and note of golang.org/x/mod/sumdb/note.
NAME = "PeterNeumann"
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
# The example of c2sp.org/tlog-checkpoint.
EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv"
    "2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def pair(seed: bytes) -> tuple[Ed25519PrivateKey, PublicKey]:
    """Return a key pair."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return private, PublicKey(private.public_key().public_bytes_raw())


PRIVATE, PUBLIC = pair(SEED)
OTHER_PRIVATE, OTHER = pair(b"\x01" * 32)
CHECKPOINT = Checkpoint("assize.example/log", 7, b"\x07" * 32)
NOTE = signed(CHECKPOINT, PUBLIC, PRIVATE.sign)


def test_note_is_the_published_example_byte_for_byte() -> None:
    """Key id, key and signature are those of the reference implementation."""
    assert verifier_key(NAME, PUBLIC) == VERIFIER
    assert key_id(NAME, PUBLIC).hex() == "c74f20a3"
    assert signed_note(TEXT, NAME, PUBLIC, PRIVATE.sign) == f"{TEXT}\n— {NAME} {SIGNATURE}\n"


def test_published_checkpoint_is_read() -> None:
    """Origin, size and root."""
    told = unverified(EXAMPLE)
    assert (told.origin, told.size) == ("example.com/behind-the-sofa", 20852163)
    assert base64.b64encode(told.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert told.text() == EXAMPLE.partition("\n\n")[0] + "\n"


def test_checkpoint_opens_with_its_key_and_no_other() -> None:
    """Or with one of several."""
    assert opened(NOTE, [PUBLIC]) == CHECKPOINT
    assert opened(NOTE, [OTHER, PUBLIC]) == CHECKPOINT
    for keys in ([], [OTHER]):
        with pytest.raises(MalformedCheckpoint, match="no pinned key"):
            opened(NOTE, keys)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    """A witness may have signed as well (C2SP signed-note)."""
    witnessed = NOTE + signed(CHECKPOINT, OTHER, OTHER_PRIVATE.sign).rpartition("\n\n")[2]
    witnessed += "— witness.example " + base64.b64encode(b"1234" + b"w" * 72).decode() + "\n"
    assert opened(witnessed, [PUBLIC]) == CHECKPOINT


def test_wrong_signature_of_a_pinned_key_spoils_the_note() -> None:
    """Even beside a good one."""
    bad = NOTE.rpartition("\n\n")[2]
    signature = base64.b64decode(bad.split(" ")[2])
    forged = base64.b64encode(signature[:-1] + bytes([signature[-1] ^ 1])).decode()
    with pytest.raises(MalformedCheckpoint, match="no pinned key"):
        opened(f"{NOTE}— {CHECKPOINT.origin} {forged}\n", [PUBLIC])


def test_signature_under_another_name_does_not_count() -> None:
    """A key that signs for several logs signs each under its name."""
    note = signed_note(CHECKPOINT.text(), "another.example/log", PUBLIC, PRIVATE.sign)
    with pytest.raises(MalformedCheckpoint, match="no pinned key"):
        opened(note, [PUBLIC])


@given(st.data())
def test_any_changed_character_is_noticed(data: st.DataObject) -> None:
    """In the text or in the signature line."""
    place = data.draw(st.integers(0, len(NOTE) - 1))
    character = data.draw(st.characters(max_codepoint=0x2FFF).filter(lambda c: c != NOTE[place]))
    with pytest.raises(MalformedCheckpoint):
        opened(NOTE[:place] + character + NOTE[place + 1 :], [PUBLIC])


@given(st.text(max_size=300))
def test_anything_else_is_malformed_and_nothing_worse(text: str) -> None:
    """Notes come from files of anybody."""
    with pytest.raises(MalformedCheckpoint):
        unverified(text)


@pytest.mark.parametrize("size", ["07", "+7", "-1", "7.0", " 7", "", "1" * 17, "\u0667"])
def test_size_has_one_form(size: str) -> None:
    """No leading zeroes, as the form asks."""
    with pytest.raises(MalformedCheckpoint):
        unverified(NOTE.replace("\n7\n", f"\n{size}\n"))


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak", "x" * 201, "é"])
def test_origin_that_would_be_misread_is_not_signed(origin: str) -> None:
    """A line feed in it would make it another checkpoint."""
    with pytest.raises(MalformedCheckpoint):
        signed(replace(CHECKPOINT, origin=origin), PUBLIC, PRIVATE.sign)
