"""What a view held and a workspace cannot: devices, FIFOs, sockets, set-id bits, invalid names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Special:
    """Something that a run left and that no tree has a place for."""

    path: str
    """Where, relative; what of it is not UTF-8 is escaped."""
    reason: str
    """What it is, in a few words for a person."""
