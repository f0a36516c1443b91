"""Bundles as files, for approving where there is no network."""

from dataclasses import dataclass
from typing import Final

from assize.approvals.documents import malformed, read, written
from assize.model.approvals import Bundle

FORMAT: Final = "assize.bundle.v1"
MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _BundleFile:
    format: str
    bundle: Bundle


def to_file(bundle: Bundle) -> bytes:
    """Return a bundle as a JSON document."""
    return written(_BundleFile(FORMAT, bundle))


def from_file(data: bytes) -> Bundle:
    """Read a bundle.

    Raises:
        Refused: It is none.
    """
    found = read(_BundleFile, data)
    if found.format != FORMAT:
        raise malformed(f"a bundle of the form {FORMAT} is expected, got {found.format[:40]!r}")
    return found.bundle
