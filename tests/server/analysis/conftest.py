"""An analyser over guest processes, shared by the tests of a module: a guest takes a second."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from server.analysis.local_engine import LocalEngine, make_tools

from assize_server.analysis import Analyser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalEngine]:
    local = LocalEngine(
        make_tools(tmp_path_factory.mktemp("tools")), tmp_path_factory.mktemp("scratch")
    )
    yield local
    await local.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def analyser(engine: LocalEngine) -> AsyncIterator[Analyser]:
    made = Analyser(engine)
    await made.start()
    yield made
    await made.close()
