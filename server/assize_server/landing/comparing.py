"""Tells two trees of a workspace apart, with what is in its databases."""

from dataclasses import dataclass

from assize.model.effects import Effect
from assize.trees import FolderNode
from assize_sandbox.effects import DatabaseDiffer, effects_between
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.specials import Special


@dataclass(frozen=True, slots=True)
class TreeEffects:
    """The effects between trees of one store."""

    objects: ObjectStore
    databases: DatabaseDiffer

    async def between(
        self, before: FolderNode, after: FolderNode, specials: tuple[Special, ...]
    ) -> tuple[Effect, ...]:
        """Return what is different, and what a run left that no tree can hold.

        Raises:
            SandboxError: We could not tell.
        """
        return await effects_between(self.objects, before, after, specials, self.databases)

    async def effects(self, before: FolderNode, after: FolderNode) -> tuple[Effect, ...]:
        """Return what is different between two snapshots.

        Raises:
            SandboxError: We could not tell.
        """
        return await self.between(before, after, ())
