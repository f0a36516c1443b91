"""The same service inside another process: what `assize verify` uses without `--server`.

It runs on an event loop in a thread of its own, and listens on a socket in a private folder that
only this user can enter. The two threads share two futures and nothing else: the address, which the
service gives once it is ready, and the word to leave, which holds at any moment, start-up included.
"""

import asyncio
import tempfile
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from assize_server import log_output
from assize_server.rpc.server import RpcServer
from assize_server.service import running
from assize_server.settings import Settings, from_environment


class EmbeddedService:
    """Starts a service on entry, gives its address, and takes it down on exit. Single use."""

    def __init__(self, *, policy_dir: Path | None = None, settings: Settings | None = None) -> None:
        chosen = settings or replace(from_environment(), pool_size=1)
        self._settings = replace(chosen, policies=policy_dir) if policy_dir else chosen
        self._address: Future[str] = Future()
        self._leave: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="assize-embedded", daemon=True)

    def __enter__(self) -> str:
        """Return the address once the service is ready.

        Raises:
            SandboxError: The service cannot run here.
            PolicyError: A policy file is wrong.
        """
        log_output.quietly_unless_configured()
        self._thread.start()
        try:
            return self._address.result()
        except BaseException:
            # A Ctrl-C, say: containers may be up already, and nobody will call __exit__.
            self._take_down()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the service down; every container is gone afterwards."""
        self._take_down()

    def _take_down(self) -> None:
        # Done before: the service ended by itself.
        with suppress(InvalidStateError):
            self._leave.set_result(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve_until_told())
        except BaseException as error:
            if self._address.done():
                raise
            self._address.set_exception(error)

    async def _serve_until_told(self) -> None:
        serving = asyncio.create_task(self._serve())
        leaving = asyncio.wrap_future(self._leave)
        await asyncio.wait([serving, leaving], return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving

    async def _serve(self) -> None:
        with tempfile.TemporaryDirectory(prefix="assize-") as folder:
            async with running(self._settings, beside=True) as service:
                server = RpcServer(service.dispatcher, service.policies, service.rooms())
                address = f"unix://{folder}/rpc.sock"
                try:
                    await server.start(address)
                    self._address.set_result(address)
                    await asyncio.get_running_loop().create_future()
                finally:
                    # Its calls take their jobs along, so that nothing is left to drain.
                    await server.stop(0)
