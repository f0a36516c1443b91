"""The same service inside another process: what `assize verify` uses without `--server`.

It runs on an event loop in a thread of its own, and listens on a socket in a private folder that
only this user can enter.
"""

import asyncio
import tempfile
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from assize_server.rpc.server import RpcServer
from assize_server.service import running
from assize_server.settings import Settings, from_environment


class EmbeddedService:
    """Starts a service on entry, gives its address, and takes it down on exit."""

    def __init__(self, *, policy_dir: Path | None = None, settings: Settings | None = None) -> None:
        chosen = settings or replace(from_environment(), pool_size=1)
        self._settings = replace(chosen, policies=policy_dir) if policy_dir else chosen
        self._address: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="assize-embedded", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None

    def __enter__(self) -> str:
        """Return the address once the service is ready.

        Raises:
            SandboxError: The service cannot run here.
            PolicyError: A policy file is wrong.
        """
        self._thread.start()
        return self._address.result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the service down; every container is gone afterwards."""
        if self._loop is not None and self._leave is not None:
            self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._address.done():
                raise
            self._address.set_exception(error)

    async def _serve(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        with tempfile.TemporaryDirectory(prefix="assize-") as folder:
            async with running(self._settings) as service:
                server = RpcServer(service.dispatcher, service.policies)
                address = f"unix://{folder}/rpc.sock"
                await server.start(address)
                self._address.set_result(address)
                await self._leave.wait()
                await server.stop(0)
