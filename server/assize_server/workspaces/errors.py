"""What can go wrong with a workspace. Each says what, the value seen, and what to do.

WorkspaceError (a SandboxError)
├── Unknown      there is no such workspace, snapshot or file
├── Exists       the name is taken
├── Conflict     the head is not the expected one
├── OverQuota    it would hold more than it may
├── Malformed    a name, a tree or an upload is not what it should be
└── Damaged      objects that a snapshot needs are missing or corrupt
"""

from collections.abc import Sequence
from typing import Final

from assize_sandbox.errors import SandboxError

NAMED_MOST: Final = 20
"""Damaged objects that are named; the others are counted."""


class WorkspaceError(SandboxError):
    """A workspace cannot do what was asked."""


class Unknown(WorkspaceError):
    """There is no such workspace, snapshot or file, or it is somebody else's."""


class Exists(WorkspaceError):
    """The name is taken."""


class Conflict(WorkspaceError):
    """The head moved. Nothing was changed."""

    def __init__(self, workspace: str, expected: str, head: str) -> None:
        super().__init__(
            f"the head of workspace {workspace} is {head}, not {expected}: somebody else changed "
            "it. Nothing was changed; pull, look at what is new, and try again",
            remedy="run it again on the new head",
        )
        self.expected = expected
        self.head = head


class OverQuota(WorkspaceError):
    """A quota would be passed. Nothing was changed."""

    def __init__(self, what: str, value: int, quota: int, remedy: str) -> None:
        super().__init__(f"{what} would be {value}, at most {quota} are allowed: {remedy}")
        self.value = value
        self.quota = quota


class Malformed(WorkspaceError):
    """A name, a tree or an upload does not have its form."""


class Damaged(WorkspaceError):
    """A snapshot cannot be trusted to be what it was."""

    def __init__(self, faults: Sequence[str]) -> None:
        more = f" (and {len(faults) - NAMED_MOST} more)" if len(faults) > NAMED_MOST else ""
        super().__init__(
            f"the store is damaged: {'; '.join(faults[:NAMED_MOST])}{more}. Nothing was changed; "
            "restore the objects from a backup, or choose another snapshot"
        )
        self.faults = tuple(faults)
