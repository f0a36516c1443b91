"""Who may approve: people, their groups and their public keys. No file is read here.

- A key belongs to one person, and a person may have several.
- Whoever submits does not approve: names and keys of the two do not overlap.
- A revoked key signs nothing, whenever it is said to have signed: its date is for readers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class ApproversContradiction(ValueError):
    """The people and keys do not fit together."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may approve."""

    name: str
    """Unique; what is recorded."""
    groups: frozenset[str]
    """What policies ask for."""
    keys: Mapping[str, Ed25519PublicKey]
    """Public keys by their id."""
    revoked: Mapping[str, str] = field(default_factory=dict)
    """Ids of keys that are no longer taken, and since when."""


@dataclass(frozen=True, slots=True)
class Approvers:
    """Everybody who may approve, and who may not because they submit."""

    people: tuple[Person, ...] = ()
    """Nobody: every hold expires, or is cancelled with its run."""
    submitters: frozenset[str] = frozenset()
    """Names of credentials that submit."""
    submitter_keys: frozenset[str] = frozenset()
    """Ids of the keys of those."""

    def __post_init__(self) -> None:
        """Refuse what would let one being be two.

        Raises:
            ApproversContradiction: A name or a key stands for two.
        """
        _require_distinct_names(self)
        _require_distinct_keys(self)

    def owner_of(self, key_id: str) -> Person | None:
        """Return whose key it is, or was before it was revoked."""
        for person in self.people:
            if key_id in person.keys or key_id in person.revoked:
                return person
        return None

    def counts(self, person_name: str, key_id: str, groups: tuple[str, ...]) -> bool:
        """Tell whether a signature by the key still counts as the person's, for the groups."""
        person = self.owner_of(key_id)
        return (
            person is not None
            and person.name == person_name
            and key_id in person.keys
            and key_id not in person.revoked
            and not person.groups.isdisjoint(groups)
        )


def same_being(first: str, second: str) -> bool:
    """Tell whether two names stand for one being: no spelling makes one into two."""
    return first.strip().casefold() == second.strip().casefold()


def _require_distinct_names(approvers: Approvers) -> None:
    names: set[str] = set()
    submitters = {name.strip().casefold() for name in approvers.submitters}
    for person in approvers.people:
        folded = person.name.strip().casefold()
        if folded in names:
            raise ApproversContradiction(f"{person.name!r} is listed twice")
        if folded in submitters:
            raise ApproversContradiction(f"{person.name!r} submits, and so cannot approve")
        names.add(folded)


def _require_distinct_keys(approvers: Approvers) -> None:
    owners: dict[str, str] = {}
    for person in approvers.people:
        for key_id in (*person.keys, *person.revoked):
            if key_id in owners:
                text = f"key {key_id[:12]} is listed for {owners[key_id]!r} and {person.name!r}"
                raise ApproversContradiction(f"{text}; a key belongs to one person, once")
            if key_id in approvers.submitter_keys:
                text = f"key {key_id[:12]} of {person.name!r} is a submitter's"
                raise ApproversContradiction(f"{text}; whoever submits cannot approve")
            owners[key_id] = person.name
