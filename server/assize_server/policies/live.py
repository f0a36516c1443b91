"""The policies of a running service, which can be read anew.

- All files or none: the new set takes the place of the old one in one step, or not at all. A file
  that is wrong leaves the old set in force, and is told to whoever asked and in the log.
- Who holds a policy, or a `snapshot`, keeps what it was: runs in flight end under the policy that
  they began with.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from assize_server.policies.load import PolicyError, PolicySet, load_directory

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reload:
    """What reading the policies anew changed, by name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    """Those of another digest than before."""
    removed: tuple[str, ...]


class LivePolicies(PolicySet):
    """The policies of a folder, as they were when it was last read without a fault."""

    when_changed: Callable[[], None] | None = None
    """Called after each reload that changed something, on the thread that read."""

    def __init__(self, folder: Path) -> None:
        """Read the folder.

        Raises:
            PolicyError: A file is wrong.
        """
        self.folder = folder
        # Reading is slow and two at once could end in the wrong order.
        self._reading = threading.Lock()
        super().__init__(load_directory(folder).by_name())

    def snapshot(self) -> PolicySet:
        """Return the set as it is now, which never changes."""
        return PolicySet(self._loaded)

    def reload(self) -> Reload:
        """Read the folder anew, and have what it says hold from now on. It blocks: use a thread.

        Raises:
            PolicyError: A file is wrong; what held before still does.
        """
        with self._reading:
            try:
                loaded = load_directory(self.folder).by_name()
            except PolicyError as error:
                _log.error("policies not reloaded, the old ones hold", problems=str(error))
                raise
            before = {name: each.policy.digest for name, each in self._loaded.items()}
            # INVARIANT: one assignment; every reader takes the mapping once.
            self._loaded = loaded
        change = _change(before, {name: each.policy.digest for name, each in loaded.items()})
        if self.when_changed is not None and change != Reload((), (), ()):
            self.when_changed()
        _log.info(
            "policies reloaded",
            added=change.added,
            changed=change.changed,
            removed=change.removed,
        )
        return change

    def on_signal(self) -> None:
        """Read the folder anew beside the event loop; what is wrong is in the log. For SIGHUP."""
        threading.Thread(target=self._reload_quietly, name="reload-policies", daemon=True).start()

    def _reload_quietly(self) -> None:
        try:
            self.reload()
        except PolicyError:
            # Told in the log, and there is nobody else to tell.
            return


def _change(before: dict[str, str], after: dict[str, str]) -> Reload:
    return Reload(
        added=tuple(name for name in after if name not in before),
        changed=tuple(name for name in after if before.get(name, after[name]) != after[name]),
        removed=tuple(name for name in before if name not in after),
    )
