"""One attack program, one job, one container."""

from collections.abc import Sequence

import pytest
from support.attacks import LIMITS, Attack, Attacker, attack

from assize_sandbox.engines.base import Engine
from assize_sandbox.limits import Limits


@pytest.fixture
def attacker(real_engine: Engine) -> Attacker:
    """Run attack programs; afterwards nothing of them may live."""

    async def run(
        name: str, *, limits: Limits = LIMITS, stdin: bytes = b"", reads: Sequence[str] = ()
    ) -> Attack:
        came = await attack(real_engine, name, limits, stdin, reads)
        assert not came.alive, f"{name}: the container outlived its session"
        assert came.survivors == (), f"{name}: processes outlived the container"
        return came

    return run
