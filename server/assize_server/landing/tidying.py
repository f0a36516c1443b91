"""Throws away what nothing needs any more, by itself: objects, old verdicts, layers.

What failed and discarded runs leave in the store would otherwise stay for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from sqlalchemy import Connection

from assize.trees import SnapshotId, snapshot_id
from assize_sandbox.workspaces.views import Views
from assize_server.ledger import verdicts
from assize_server.state import State, now_ms
from assize_server.workspaces import heads
from assize_server.workspaces.records import ANONYMOUS

EVERY_SECONDS: Final = 1800.0

_log = structlog.get_logger(__name__)


async def tidy_forever(
    state: State, views: Views | None, wait: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Tidy up now and then, until cancelled."""
    while True:
        await wait(EVERY_SECONDS)
        try:
            await tidy(state, views)
        except Exception as error:  # noqa: BLE001 - what is damaged must not stop the service
            _log.error("not tidied up", error=str(error))


async def tidy(state: State, views: Views | None) -> None:
    """Throw away what nothing needs.

    Raises:
        SandboxError: A tree that something needs is missing or corrupt; no object was removed.
    """
    await state.database.write(verdicts.trim)
    done = await asyncio.to_thread(state.workspaces.collect, now_ms())
    layers = 0
    if views is not None:
        shown = await state.database.read(_heads)
        layers = await asyncio.to_thread(views.prune, shown)
    _log.info("tidied up", objects=done.objects, bytes=done.bytes, layers=layers)


def _heads(connection: Connection) -> list[SnapshotId]:
    return [snapshot_id(each.head.root) for each in heads.listed(connection, ANONYMOUS)]
