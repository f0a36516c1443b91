"""The views of a service, where it can make any."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from assize_sandbox.engines.base import EngineFacts
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.views import Views
from assize_server.settings import Settings
from assize_server.state import State

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def shown(
    settings: Settings, state: State, facts: EngineFacts
) -> AsyncIterator[Views | None]:
    """Give the views of a service; None where none can be made, which is told once.

    Such a service keeps workspaces, and refuses to run code over one.
    """
    # Below home and not below the state: containers must be able to pass through to them.
    layers = Layers(settings.home / "layers", state.objects, owner=facts.sandbox_uid)
    views = Views(settings.home / "views", state.objects, layers, owner=facts.sandbox_uid)
    try:
        kind = await asyncio.to_thread(views.start)
    except (SandboxError, OSError) as error:
        _log.warning("no code is run over workspaces", problem=str(error))
        yield None
        return
    _log.info("views", kind=kind.value)
    try:
        yield views
    finally:
        await asyncio.to_thread(views.close)
