"""Entries of the audit log: what each may say, and their bytes, which the log is made of.

An entry is canonical JSON (RFC 8785) of a fixed form. It holds ids, digests, counts and one word of
outcome, and no content: neither code nor outputs nor reasons that somebody typed.

- The same entry has the same bytes everywhere, and other bytes are not read: an entry that two
  readers could understand differently (a key twice, say) is malformed.
- Times are given, in milliseconds since 1970 (UTC); nothing here reads a clock.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, cast

from assize.canonical import Json, canonical
from assize.model.callers import Caller, Role

TYPE: Final = "assize.audit.v1"
"""Changes when a reader of the old form could misunderstand the new one."""
ENTRY_MOST_BYTES: Final = 16 * 1024
TEXT_MOST_CHARS: Final = 500
MEMBERS_MOST: Final = 32

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_OUTCOME: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}|")
_TIMES: Final = range(2**53)
_KEYS: Final = {"actor", "counts", "digests", "kind", "outcome", "subject", "time_ms", "type"}


class MalformedEntry(ValueError):
    """Something is no entry of an audit log."""


class EntryKind(StrEnum):
    """What happened. A closed list; intents are written before the act, outcomes after it."""

    START = "start"
    """The service started, with this version and these settings."""
    STOP = "stop"
    """The service was told to stop."""
    ADMISSION = "admission"
    """A verification was admitted; nothing has run."""
    VERDICT = "verdict"
    """A verification ended."""
    HOLD = "hold"
    """A verification waits for a person."""
    APPROVAL = "approval"
    """An approver signed for a hold."""
    DENIAL = "denial"
    """An approver refused a hold."""
    EXPIRY = "expiry"
    """A hold was not decided in time, and is denied."""
    WITHDRAWAL = "withdrawal"
    """Whoever submitted a held run gave it up."""
    COMMIT_INTENT = "commit_intent"
    """Stored effects are about to be made true."""
    COMMIT = "commit"
    """Stored effects were made true."""
    CONFLICT = "conflict"
    """Stored effects did not fit the workspace any more, and were not made true."""
    DISCARD = "discard"
    """Stored effects were given up."""
    CREATE = "create"
    """A workspace was made."""
    PUSH = "push"
    """A workspace was given new content from outside."""
    ROLLBACK = "rollback"
    """A workspace was set back to an older snapshot."""
    FORK = "fork"
    """A workspace was made of another one's snapshot."""
    DELETE = "delete"
    """A workspace was deleted."""
    POLICY_LOAD = "policy_load"
    """A policy is in force from here on."""
    KEY_CHANGE = "key_change"
    """The service signs with another key, or the keys of the approvers changed."""
    GRANT = "grant"
    """An approver signed for holds to come."""
    GRANT_USE = "grant_use"
    """A grant took the place of an approval."""
    GRANT_END = "grant_end"
    """A grant was revoked or ran out."""
    CHECKPOINT = "checkpoint"
    """A checkpoint was published outside the service."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. Names in the mappings are of the form `verification_id`."""

    kind: EntryKind
    """What happened."""
    time_ms: int
    """When, in milliseconds since 1970 (UTC), by the service's clock."""
    actor: Caller
    """Who did it."""
    subject: Mapping[str, str] = field(default_factory=dict)
    """What it was done to: ids and names, such as `{"hold_id": "..."}`."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 in hex of what was involved, such as `{"policy": "..."}`."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Numbers that describe it, such as `{"effects": 12}`."""
    outcome: str = ""
    """One word, such as `PASSED`; empty where there is nothing to say."""


def encode(entry: Entry) -> bytes:
    """Return the entry's bytes, which its leaf is the hash of.

    Raises:
        MalformedEntry: It says something that an entry may not say.
    """
    _check(entry)
    document: dict[str, Json] = {
        "type": TYPE,
        "kind": entry.kind.value,
        "time_ms": entry.time_ms,
        "actor": {"name": entry.actor.name, "role": entry.actor.role.value},
        "subject": dict(entry.subject),
        "digests": dict(entry.digests),
        "counts": dict(entry.counts),
        "outcome": entry.outcome,
    }
    try:
        data = canonical(document)
    except ValueError as error:
        raise MalformedEntry(f"an entry has no canonical form: {error}") from error
    if len(data) > ENTRY_MOST_BYTES:
        raise MalformedEntry(f"an entry has {len(data)} bytes, at most {ENTRY_MOST_BYTES}")
    return data


def decode(data: bytes) -> Entry:
    """Return the entry of these bytes.

    Raises:
        MalformedEntry: They are not those of an entry, to the last byte.
    """
    if len(data) > ENTRY_MOST_BYTES:
        raise MalformedEntry(f"an entry has {len(data)} bytes, at most {ENTRY_MOST_BYTES}")
    try:
        document = json.loads(data.decode("utf-8"))
        entry = _entry(document)
        same = encode(entry) == data
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise MalformedEntry(f"not an entry of an audit log: {error}") from error
    if not same:
        raise MalformedEntry("not the canonical form of an entry")
    return entry


def _entry(document: object) -> Entry:
    if not isinstance(document, dict) or set(document) != _KEYS or document["type"] != TYPE:
        raise MalformedEntry(
            f"an entry has the type {TYPE} and the keys {', '.join(sorted(_KEYS))}"
        )
    actor = document["actor"]
    if not isinstance(actor, dict) or set(actor) != {"name", "role"}:
        raise MalformedEntry("an actor has a name and a role")
    return Entry(
        kind=EntryKind(document["kind"]),
        time_ms=document["time_ms"],
        actor=Caller(actor["name"], Role(actor["role"])),
        subject=cast("dict[str, str]", document["subject"]),
        digests=cast("dict[str, str]", document["digests"]),
        counts=cast("dict[str, int]", document["counts"]),
        outcome=document["outcome"],
    )


def _check(entry: Entry) -> None:
    _check_count("time_ms", entry.time_ms)
    _check_text("actor", entry.actor.name)
    if not isinstance(entry.outcome, str) or not _OUTCOME.fullmatch(entry.outcome):
        raise MalformedEntry(f"an outcome is one word in capitals, got {entry.outcome!r:.60}")
    for members in (entry.subject, entry.digests, entry.counts):
        if len(members) > MEMBERS_MOST or not all(_NAME.fullmatch(name) for name in members):
            raise MalformedEntry(f"at most {MEMBERS_MOST} members, named like verification_id")
    for name, text in entry.subject.items():
        _check_text(name, text)
    for name, digest in entry.digests.items():
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise MalformedEntry(f"{name}: a digest is 64 hex digits, got {digest!r:.60}")
    for name, count in entry.counts.items():
        _check_count(name, count)


def _check_text(name: str, text: object) -> None:
    if not isinstance(text, str) or not 0 < len(text) <= TEXT_MOST_CHARS:
        raise MalformedEntry(f"{name}: 1 to {TEXT_MOST_CHARS} characters, got {text!r:.60}")


def _check_count(name: str, count: object) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count not in _TIMES:
        raise MalformedEntry(f"{name}: a whole number from 0 on, got {count!r:.60}")
