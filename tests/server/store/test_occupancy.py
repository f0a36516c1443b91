"""One service keeps a state folder; runs beside it come and go."""

import asyncio
from pathlib import Path

import pytest

from assize_server.store.occupancy import Occupancy, StateInUse


async def test_two_services_do_not_keep_one_state(tmp_path: Path) -> None:
    """The second is told where, and what to do; it can once the first is gone."""
    async with Occupancy(tmp_path, keeps=True) as first:
        assert first.is_alone
        first.let_others_in()
        with pytest.raises(StateInUse, match=str(tmp_path)) as caught:
            await Occupancy(tmp_path, keeps=True).__aenter__()
        assert "ASSIZE_STATE" in caught.value.remedy
    async with Occupancy(tmp_path, keeps=True) as second:
        assert second.is_alone


async def test_run_beside_a_service_is_not_alone(tmp_path: Path) -> None:
    """It leaves what is under way there to the service."""
    async with Occupancy(tmp_path, keeps=True) as service:
        service.let_others_in()
        async with Occupancy(tmp_path, keeps=False) as beside:
            assert not beside.is_alone


async def test_run_waits_until_what_was_left_has_been_gone_on_with(tmp_path: Path) -> None:
    """Nobody comes while somebody is alone, and several may afterwards."""
    async with Occupancy(tmp_path, keeps=False) as first:
        assert first.is_alone
        waiting = asyncio.create_task(Occupancy(tmp_path, keeps=False).__aenter__())
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        first.let_others_in()
        second = await waiting
        assert not second.is_alone
        await second.__aexit__()


async def test_service_does_not_start_amid_a_run(tmp_path: Path) -> None:
    """It would go on with what the run is in the middle of."""
    async with Occupancy(tmp_path, keeps=False) as run:
        run.let_others_in()
        with pytest.raises(StateInUse):
            await Occupancy(tmp_path, keeps=True).__aenter__()
    async with Occupancy(tmp_path, keeps=True) as service:
        assert service.is_alone
