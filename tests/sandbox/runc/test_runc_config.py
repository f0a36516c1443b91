"""What the runc engine asks of the OCI runtime: data only, no container is started."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize_sandbox.engines.base import Role, WorkFolder
from assize_sandbox.engines.runc.config import (
    CAPABILITY_SETS,
    CPU_PERIOD_MICROSECONDS,
    FIRST_HOST_ID,
    MAPPED_IDS,
    Plan,
    configuration,
)
from assize_sandbox.engines.runc.seccomp import ARCHITECTURES, oci_profile
from assize_sandbox.engines.seccomp import read_profile
from assize_sandbox.engines.surroundings import GUEST_FOLDER, HOME, MASKED_PATHS, SANDBOX_UID
from assize_sandbox.errors import EngineUnavailable
from assize_sandbox.limits import Shape

ROOTFS = Path("/images/one/rootfs")
PROFILE_FILE = Path(__file__).parents[3] / "policies" / "seccomp.json"
SMALL_PROFILE: dict[str, object] = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "architectures": list(ARCHITECTURES.values()),
    "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "comment": "bytes come in"}],
}
shapes = st.builds(
    Shape,
    memory_bytes=st.integers(1 << 24, 1 << 40),
    pids=st.integers(8, 4096),
    cpu_cores=st.floats(0.1, 64),
    disk_bytes=st.integers(1 << 16, 1 << 36),
    disk_inodes=st.integers(16, 1 << 20),
)


DEFAULT_SHAPE = Shape()


def made(
    shape: Shape = DEFAULT_SHAPE,
    role: Role = Role.CANDIDATE,
    folder: WorkFolder | None = None,
) -> Any:
    """Return a configuration as a runtime would read it."""
    plan = Plan(ROOTFS, shape, role, oci_profile(SMALL_PROFILE, "x86_64"), folder)
    return json.loads(json.dumps(configuration(plan, "c0ffee")))


def mounts(folder: WorkFolder | None = None) -> dict[str, Any]:
    """Return the mounts by where they are."""
    return {mount["destination"]: mount for mount in made(folder=folder)["mounts"]}


def test_every_namespace_is_new() -> None:
    """A container shares no namespace, and joins none that exists."""
    kinds = {"pid", "network", "ipc", "uts", "mount", "cgroup", "user"}
    namespaces = made()["linux"]["namespaces"]
    assert {one["type"] for one in namespaces} == kinds
    assert all(set(one) == {"type"} for one in namespaces)


def test_users_of_the_container_are_no_users_of_the_host() -> None:
    """The container's root and the guest's user are mapped above every real user."""
    linux = made()["linux"]
    mapping = [{"containerID": 0, "hostID": FIRST_HOST_ID, "size": MAPPED_IDS}]
    assert linux["uidMappings"] == linux["gidMappings"] == mapping
    assert SANDBOX_UID < MAPPED_IDS <= FIRST_HOST_ID


def test_guest_is_nobody_without_capabilities() -> None:
    """Every capability set is there and empty: a set left out could be filled by a default."""
    process = made()["process"]
    assert process["user"] == {"uid": SANDBOX_UID, "gid": SANDBOX_UID, "additionalGids": []}
    assert process["capabilities"] == {name: [] for name in CAPABILITY_SETS}
    assert process["noNewPrivileges"] is True


@pytest.mark.parametrize("role", Role)
def test_role_chooses_the_guest_program(role: Role) -> None:
    """The guest is an isolated Python on a file of the image, whatever the role."""
    process = made(role=role)["process"]
    assert process["args"] == ["python3", "-I", "-S", "-B", f"{GUEST_FOLDER}/{role.value}.py"]


def test_root_is_read_only() -> None:
    """Nothing of the image can be changed."""
    assert made()["root"] == {"path": str(ROOTFS), "readonly": True}


def test_nothing_of_the_host_is_mounted() -> None:
    """Only proc and tmpfs are mounted, /sys not at all."""
    assert {mount["type"] for mount in mounts().values()} == {"proc", "tmpfs"}
    assert "/sys" not in mounts()


def test_every_writable_mount_is_bounded_in_bytes_and_inodes() -> None:
    """A tmpfs is read-only or has a size, a number of inodes, and no set-uid and no devices."""
    shape = DEFAULT_SHAPE
    bounds = {f"size={shape.disk_bytes}", f"nr_inodes={shape.disk_inodes}", "nosuid", "nodev"}
    for mount in mounts().values():
        options = mount["options"]
        assert isinstance(options, list)
        assert mount["type"] == "proc" or "ro" in options or bounds <= set(options)


@pytest.mark.parametrize(("read_only", "access"), [(True, "ro"), (False, "rw")])
def test_view_takes_the_place_of_the_work_folder_alone(read_only: bool, access: str) -> None:
    """It is bound in private, without set-uid and devices; the rest stays as it was."""
    bound = mounts(WorkFolder(Path("/state/views/one"), read_only=read_only))
    assert bound.pop(HOME) == {
        "destination": HOME,
        "type": "bind",
        "source": "/state/views/one",
        "options": ["bind", "private", "nosuid", "nodev", access],
    }
    others = mounts()
    del others[HOME]
    assert bound == others


def test_host_is_hidden_in_proc() -> None:
    """Every path that tells of the host is masked."""
    assert made()["linux"]["maskedPaths"] == list(MASKED_PATHS)
    assert made()["linux"]["readonlyPaths"] == ["/proc/sys"]


@given(shape=shapes)
def test_each_limit_of_a_shape_reaches_the_cgroup(shape: Shape) -> None:
    """Memory without swap, processes and the CPU share are those of the shape."""
    resources = made(shape)["linux"]["resources"]
    assert resources["memory"] == {"limit": shape.memory_bytes, "swap": shape.memory_bytes}
    assert resources["pids"] == {"limit": shape.pids}
    assert resources["cpu"]["period"] == CPU_PERIOD_MICROSECONDS
    assert resources["cpu"]["quota"] / CPU_PERIOD_MICROSECONDS == pytest.approx(
        shape.cpu_cores, abs=1 / CPU_PERIOD_MICROSECONDS
    )
    assert resources["devices"] == [{"allow": False, "access": "rwm"}]


def test_cgroup_is_named_after_the_container() -> None:
    """The init process is told from others by its cgroup, so that must hold the id."""
    assert made()["linux"]["cgroupsPath"] == "/assize/c0ffee"


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_shipped_profile_keeps_every_rule(machine: str) -> None:
    """Converting drops comments and foreign architectures, and nothing else."""
    profile = read_profile(PROFILE_FILE)
    converted = oci_profile(profile, machine)
    rules = profile["syscalls"]
    assert isinstance(rules, list)
    assert converted == {
        "defaultAction": profile["defaultAction"],
        "architectures": [ARCHITECTURES[machine]],
        "syscalls": [{key: rule[key] for key in rule if key != "comment"} for rule in rules],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["X"]}}]},
        {"syscalls": [{"name": "read", "action": "SCMP_ACT_ALLOW"}]},
        {"syscalls": [{"names": ["x"], "action": "SCMP_ACT_ALLOW", "args": [{"indx": 0}]}]},
        {"syscalls": ["read"]},
        {"syscalls": None},
        {"archMap": []},
        {"architectures": []},
    ],
)
def test_profile_that_oci_cannot_say_is_refused(change: dict[str, object]) -> None:
    """A condition that a runtime would ignore, or a misspelt field, stops the start."""
    with pytest.raises(EngineUnavailable):
        oci_profile({**SMALL_PROFILE, **change}, "x86_64")


def test_machine_outside_the_profile_is_refused() -> None:
    """On a machine that the profile does not speak of, nothing is started."""
    with pytest.raises(EngineUnavailable, match="riscv64"):
        oci_profile(SMALL_PROFILE, "riscv64")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"defaultAction": "SCMP_ACT_ALLOW"}'])
def test_profile_that_does_not_refuse_by_default_is_refused(tmp_path: Path, text: str) -> None:
    """A profile must be an object whose default action refuses."""
    file = tmp_path / "seccomp.json"
    file.write_text(text)
    with pytest.raises(EngineUnavailable):
        read_profile(file)
