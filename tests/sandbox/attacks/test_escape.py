"""Class C, 21 and 22: there is no way out of a container, to a network or to another process."""

import json
import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.attacks import LIMITS, Attacker, all_refused

from assize.model.verdict import Reason

pytestmark = pytest.mark.engine

ROOMY = replace(LIMITS, output_bytes=256 * 1024)
VISIBLE_OF_OWN_CGROUP = "got ['/']"


@pytest.fixture
def listeners() -> Iterator[dict[str, object]]:
    """Listen on the host: on a TCP port and on an abstract unix socket."""
    name = f"\0assize-attack-{uuid.uuid4().hex}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(name)
        unix.listen()
        # Somebody who is allowed to does get there: what is refused below is not the address.
        with socket.socket(socket.AF_UNIX) as known:
            known.connect(name)
        yield {"port": tcp.getsockname()[1], "abstract": name}


async def test_no_socket_leads_anywhere(attacker: Attacker, listeners: dict[str, object]) -> None:
    """No family but AF_UNIX, no name, no listener of the host, no service's socket."""
    came = await attacker("sockets", limits=ROOMY, stdin=json.dumps(listeners).encode())
    assert all_refused(came.told), came.achieved


async def test_system_calls_that_lead_out_are_refused_before_the_kernel_acts(
    attacker: Attacker,
) -> None:
    """Namespaces, mounts, tracing, modules, bpf, io_uring, keys, clocks: not permitted, all."""
    came = await attacker("system_calls", limits=ROOMY)
    assert all_refused(came.told), came.achieved


async def test_other_entries_of_the_kernel_are_no_way_round(attacker: Attacker) -> None:
    """32-bit and x32 system calls do not slip past the filter."""
    came = await attacker("foreign_abis")
    assert all_refused(came.told), came.achieved


async def test_files_outside_the_writable_folders_cannot_be_changed(attacker: Attacker) -> None:
    """No write, no set-uid program, no device, no socket, no switch of the kernel's."""
    came = await attacker("file_system", limits=ROOMY)
    told = dict(came.told)
    assert told.pop("own cgroup", "") == VISIBLE_OF_OWN_CGROUP
    assert all_refused(told), came.achieved


async def test_no_privilege_can_be_gained(attacker: Attacker) -> None:
    """No user, group, capability, limit or priority beyond the first ones."""
    came = await attacker("privileges")
    assert all_refused(came.told), came.achieved


async def test_no_other_process_is_in_sight(attacker: Attacker) -> None:
    """It sees itself, its children and the guest, and looks into none of them."""
    came = await attacker("other_processes")
    assert all_refused(came.told), came.achieved


async def test_crash_leaves_no_core_and_is_signaled(attacker: Attacker) -> None:
    """A core pattern of the host's is never reached."""
    came = await attacker("crashes", reads=("core",))
    assert (came.outcome.reason, came.outcome.signal) == (Reason.SIGNALED, 11)
    assert not came.files["core"].exists
