"""All that a run would change, as one list: what a service asks for."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

from assize.model.effects import Effect, EffectKind
from assize_sandbox.effects.databases import (
    DatabaseChange,
    DatabaseDiffer,
    DatabaseFinder,
    NoDatabases,
    unattributable,
)
from assize_sandbox.effects.files import file_effects, in_order
from assize_sandbox.effects.texts import one_line, with_diffs
from assize_sandbox.workspaces.differences import differences
from assize_sandbox.workspaces.nodes import FolderNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.specials import Special

DATABASES_MOST: Final = 20
"""Each takes a container; of those that come after, nothing is told but that they changed."""


async def effects_between(
    objects: ObjectStore,
    before: FolderNode,
    after: FolderNode,
    specials: Iterable[Special] = (),
    databases: DatabaseDiffer | None = None,
) -> tuple[Effect, ...]:
    """Return every effect of what lies between two trees, in order of path.

    Without `databases` every database that changed is one `db.unattributable`.

    Raises:
        SandboxError: An object is missing or corrupt, or no container could be started.
    """
    told, changes = await asyncio.to_thread(_of_trees, objects, before, after)
    rows = await _of_databases(changes, databases or NoDatabases())
    return in_order([*told, *rows, *_of_specials(specials)])


def _of_trees(
    objects: ObjectStore, before: FolderNode, after: FolderNode
) -> tuple[tuple[Effect, ...], tuple[DatabaseChange, ...]]:
    changed = tuple(differences(objects, before, after))
    told = file_effects(objects, changed)
    found = DatabaseFinder(objects, before, after).changes(changed, told)
    return with_diffs(objects, told), found


async def _of_databases(
    changes: tuple[DatabaseChange, ...], differ: DatabaseDiffer
) -> list[Effect]:
    effects = [effect for each in changes[:DATABASES_MOST] for effect in await differ.compare(each)]
    for change in changes[DATABASES_MOST:]:
        detail = f"more than {DATABASES_MOST} databases changed; this one was not looked into"
        effects.append(unattributable(change.path, detail))
    return effects


def _of_specials(specials: Iterable[Special]) -> Iterator[Effect]:
    for special in specials:
        path = special.path.encode(errors="backslashreplace").decode()
        yield Effect(EffectKind.FS_SPECIAL, path, detail=one_line(special.reason))
