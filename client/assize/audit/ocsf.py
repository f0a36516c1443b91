"""Entries as OCSF events, one JSON object a line, and back. docs/audit.md has the mapping.

The class is API Activity (6003) of OCSF 1.3. `raw_data` is the entry's own text, byte for byte, so
that an export can be verified like the log; what a line says beside it must follow from it.
"""

import json
from typing import Final

from assize.audit.entries import Entry, EntryKind, MalformedEntry, decode
from assize.canonical import Json

OCSF_VERSION: Final = "1.3.0"
LINE_MOST_CHARS: Final = 256 * 1024
_CATEGORY: Final = 6
_CLASS: Final = 6003
_OTHER: Final = 99
_ACTIVITIES: Final = {
    EntryKind.ADMISSION: 1,
    EntryKind.HOLD: 1,
    EntryKind.CREATE: 1,
    EntryKind.FORK: 1,
    EntryKind.GRANT: 1,
    EntryKind.APPROVAL: 3,
    EntryKind.DENIAL: 3,
    EntryKind.GRANT_USE: 3,
    EntryKind.COMMIT: 3,
    EntryKind.PUSH: 3,
    EntryKind.ROLLBACK: 3,
    EntryKind.POLICY_LOAD: 3,
    EntryKind.KEY_CHANGE: 3,
    EntryKind.EXPIRY: 4,
    EntryKind.WITHDRAWAL: 4,
    EntryKind.DISCARD: 4,
    EntryKind.DELETE: 4,
    EntryKind.GRANT_END: 4,
}
"""OCSF: 1 create, 3 update, 4 delete; whatever is not in here is 99, other."""
_MEDIUM: Final = frozenset({EntryKind.KEY_CHANGE, EntryKind.POLICY_LOAD, EntryKind.GRANT})
_LOW: Final = frozenset({EntryKind.DENIAL, EntryKind.CONFLICT, EntryKind.DELETE})


def event(index: int, leaf: bytes) -> dict[str, Json]:
    """Return the event of the entry at `index`.

    Raises:
        MalformedEntry: The bytes are not those of an entry.
    """
    entry = decode(leaf)
    activity = _ACTIVITIES.get(entry.kind, _OTHER)
    made: dict[str, Json] = {
        "category_uid": _CATEGORY,
        "class_uid": _CLASS,
        "activity_id": activity,
        "activity_name": entry.kind.value,
        "type_uid": _CLASS * 100 + activity,
        "severity_id": _severity(entry.kind),
        "status_id": 2 if entry.kind is EntryKind.CONFLICT else 1,
        "time": entry.time_ms,
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": "Assize", "vendor_name": "Assize"},
            "log_name": "audit",
            "sequence": index,
        },
        "actor": {"user": {"name": entry.actor.name, "type": entry.actor.role.value}},
        "api": {"operation": entry.kind.value, "service": {"name": "assize"}},
        "src_endpoint": {"name": "not recorded"},
        "resources": [{"type": name, "uid": uid} for name, uid in sorted(entry.subject.items())],
        "unmapped": {"digests": dict(entry.digests), "counts": dict(entry.counts)},
        "raw_data": leaf.decode("utf-8"),
    }
    return {**made, **_detail(entry)}


def line(index: int, leaf: bytes) -> str:
    """Return the event as a line of ASCII, without its end.

    Raises:
        MalformedEntry: The bytes are not those of an entry.
    """
    return json.dumps(event(index, leaf), ensure_ascii=True, separators=(",", ":"))


def read_line(text: str, index: int) -> bytes:
    """Return the entry's bytes of an exported line, which must be that of entry `index`.

    Raises:
        MalformedEntry: It is no such line, or says something else than its `raw_data`.
    """
    if len(text) > LINE_MOST_CHARS:
        raise MalformedEntry(f"line {index + 1}: more than {LINE_MOST_CHARS} characters")
    try:
        document = json.loads(text)
        leaf = document["raw_data"].encode("utf-8")
        same = document == event(index, leaf)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise MalformedEntry(f"line {index + 1}: not an exported entry: {error}") from error
    if not same:
        raise MalformedEntry(
            f"line {index + 1}: does not say what its raw_data says, or is not entry {index}"
        )
    return bytes(leaf)


def _severity(kind: EntryKind) -> int:
    if kind in _MEDIUM:
        return 3
    return 2 if kind in _LOW else 1


def _detail(entry: Entry) -> dict[str, Json]:
    return {"status_detail": entry.outcome} if entry.outcome else {}
