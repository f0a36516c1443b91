"""Ends holds whose time is over. A decision looks at the time by itself: this only tells sooner."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from assize_server.approvals.desk import Desk

EVERY_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


async def expire_forever(
    desk: Desk, wait: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """End holds as their time runs out, until cancelled."""
    while True:
        try:
            await desk.expire()
        except Exception as error:  # noqa: BLE001 - one hold must not keep the others for ever
            _log.error("holds not expired", error=str(error))
        await wait(EVERY_SECONDS)
