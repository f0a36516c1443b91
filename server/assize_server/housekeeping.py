"""What is thrown away by the clock: garbage, old verdicts and holds, layers that no head needs.

None of it is needed for a right answer, so that a failure is told in the log and tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.nodes import SnapshotId
from assize_sandbox.workspaces.views import Views
from assize_server.landing import records
from assize_server.ledger import verdicts
from assize_server.state import State, now_ms
from assize_server.workspaces import heads
from assize_server.workspaces.records import ANONYMOUS

EVERY_SECONDS: Final = 3600.0

_log = structlog.get_logger(__name__)


async def keep_house(
    state: State,
    views: Views | None,
    wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Throw away what is not needed any more, each hour, until cancelled."""
    while True:
        await wait(EVERY_SECONDS)
        try:
            await clean(state, views)
        except (SandboxError, SQLAlchemyError, OSError) as error:
            _log.error("not cleaned", problem=str(error))


async def clean(state: State, views: Views | None) -> None:
    """Throw away what is not needed any more.

    Raises:
        SandboxError: A tree that something needs is missing or corrupt; nothing of it was removed.
    """
    collected = await asyncio.to_thread(state.workspaces.collect, now_ms())
    forgotten = await state.database.write(verdicts.trim)
    hidden = await state.database.write(records.forget_shown)
    layers = 0
    if views is not None:
        keep = await state.database.read(_heads)
        layers = await asyncio.to_thread(views.prune, keep)
    _log.info(
        "cleaned",
        objects=collected.objects,
        log_entries=collected.log_entries,
        verdicts=forgotten,
        holds=hidden,
        layers=layers,
    )


def _heads(connection: Connection) -> list[SnapshotId]:
    return [SnapshotId(each.head.id) for each in heads.listed(connection, ANONYMOUS)]
