"""Signs states of the log, and sees to it that no two of them contradict each other."""

from dataclasses import dataclass

from sqlalchemy import Connection

from assize.audit.checkpoints import Checkpoint, signed
from assize.audit.entries import Entry, EntryKind, decode
from assize.model.callers import SERVICE
from assize_server.attestation.keys import ServiceKeys
from assize_server.audit.log import (
    Head,
    append,
    check_extends,
    head,
    keep_checkpoint,
    last_checkpoint,
    last_of_kind,
)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A state of the log, and the note that says so."""

    state: Head
    """How many entries, and their root."""
    note: str
    """The signed checkpoint."""


def sign_head(connection: Connection, keys: ServiceKeys, at: int | None = None) -> SignedHead:
    """Return the signed checkpoint of the log as it is, or as it was with `at` entries.

    A log must never sign two states of which neither continues the other (C2SP tlog-checkpoint):
    that would let it show two histories to two readers.

    Raises:
        ValueError: It has never had so many entries.
        LogBroken: The log does not continue what it signed last.
    """
    last = last_checkpoint(connection)
    if last is not None:
        check_extends(connection, last)
    state = head(connection, at)
    note = note_of(state, keys)
    keep_checkpoint(connection, state, note)
    return SignedHead(state, note)


def note_of(state: Head, keys: ServiceKeys) -> str:
    """Return a state of the log as a signed note."""
    return signed(Checkpoint(keys.origin, state.size, state.root), keys.public, keys.sign)


def record_keys(connection: Connection, keys: ServiceKeys, now_ms: int) -> None:
    """Write an entry if the key that signs is another than the log last said.

    Call it at each start, before anything is signed.
    """
    last = last_of_kind(connection, EntryKind.KEY_CHANGE)
    subject = {"purpose": "service", "key_id": keys.public.id}
    while last is not None:
        entry = decode(last.leaf)
        if entry.subject.get("purpose") == "service":
            if entry.subject.get("key_id") == keys.public.id:
                return
            subject["replaced_key_id"] = entry.subject.get("key_id", "unknown")
            break
        last = last_of_kind(connection, EntryKind.KEY_CHANGE, before=last.index)
    append(connection, Entry(EntryKind.KEY_CHANGE, now_ms, SERVICE, subject))
