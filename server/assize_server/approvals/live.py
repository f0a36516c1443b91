"""The approvers of a running service, which can be read anew.

A file that is wrong leaves those in force that were, and is told in the log: nobody may approve by
a file that was not understood in full, and nobody loses their say because of one.
"""

import hashlib
import json
from collections.abc import Callable

import structlog

from assize_sandbox.errors import SandboxError
from assize_server.core.approvers import Approvers

_log = structlog.get_logger(__name__)


class LiveApprovers:
    """Who may approve, as it was last read without a fault."""

    def __init__(self, read: Callable[[], Approvers]) -> None:
        """Read them.

        Raises:
            SandboxError: The file is wrong, or the one of credentials that it is read with.
        """
        self._read = read
        self._current = read()

    def __call__(self) -> Approvers:
        """Return who may approve now."""
        return self._current

    def reload(self) -> bool:
        """Read them anew; tell whether that was done."""
        try:
            self._current = self._read()
        except SandboxError as error:
            _log.error("approvers not reloaded, the old ones hold", problem=str(error))
            return False
        _log.info("approvers reloaded", people=len(self._current.people))
        return True


def digest_of(approvers: Approvers) -> str:
    """Return the SHA-256, in hex, of who may approve by which keys."""
    told = [
        [person.name, *(sorted(each) for each in (person.groups, person.keys, person.revoked))]
        for person in sorted(approvers.people, key=lambda each: each.name)
    ]
    canonical = json.dumps([told, sorted(approvers.submitters)], separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
