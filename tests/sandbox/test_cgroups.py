"""Where a container's counters are, in each layout, and what they say."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from assize_sandbox import cgroups
from assize_sandbox.cgroups import UNIFIED, CgroupReader, Mount, groups, hierarchy, mounts
from assize_sandbox.engines.base import Counters
from assize_sandbox.errors import SandboxError

V1_MOUNTS = """\
23 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 23 0:28 / {top} rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / {top}/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
36 31 0:33 / {top}/memory rw,relatime shared:10 master:1 - cgroup cgroup rw,memory
39 31 0:36 / {top}/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / {top}/systemd rw,relatime - cgroup cgroup rw,name=systemd
"""
HYBRID_MOUNTS = V1_MOUNTS + "41 31 0:38 / {top}/unified rw,relatime - cgroup2 cgroup2 rw\n"
V2_MOUNTS = """\
23 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 23 0:28 / {top} rw,relatime - cgroup2 cgroup2 rw,nsdelegate
"""
V1_GROUPS = """\
9:name=systemd:/
8:pids:/assize/box
4:memory:/assize/box
2:cpu,cpuacct:/assize/box
"""
HYBRID_GROUPS = V1_GROUPS + "0::/\n"
V2_GROUPS = "0::/assize/box\n"

V1_FILES = {
    "cpu,cpuacct/assize/box/cpuacct.usage": "1500000000\n",
    "memory/assize/box/memory.max_usage_in_bytes": "4096\n",
    "memory/assize/box/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "pids/assize/box/pids.events": "max 3\n",
    "pids/assize/box/pids.peak": "7\n",
}
V2_FILES = {
    "assize/box/cpu.stat": "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n",
    "assize/box/memory.peak": "4096\n",
    "assize/box/memory.events": "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\n",
    "assize/box/pids.events": "max 3\n",
    "assize/box/pids.peak": "7\n",
}
COUNTED = Counters(
    cpu_seconds=1.5, peak_memory_bytes=4096, peak_pids=7, oom_kills=2, pids_refused=3
)
LAYOUTS = {
    "v1": (V1_MOUNTS, V1_GROUPS, V1_FILES),
    "hybrid": (HYBRID_MOUNTS, HYBRID_GROUPS, V1_FILES),
    "v2": (V2_MOUNTS, V2_GROUPS, V2_FILES),
}


def write(top: Path, files: Mapping[str, str]) -> None:
    """Lay out a cgroup file system."""
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)


def reader_of(layout: str, top: Path) -> CgroupReader:
    """Return the reader of the container's cgroup below `top`."""
    mountinfo, inside, files = LAYOUTS[layout]
    write(top, files)
    return CgroupReader.of_groups(groups(inside), mounts(mountinfo.format(top=top)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_counters_are_the_same_in_every_layout(layout: str, tmp_path: Path) -> None:
    """One account, whichever way the kernel keeps it."""
    assert reader_of(layout, tmp_path).counters() == COUNTED


@pytest.mark.parametrize(
    ("layout", "missing", "unknown"),
    [
        ("v1", ["pids/assize/box/pids.peak"], "peak_pids"),
        ("v2", ["assize/box/pids.peak", "assize/box/memory.peak"], "peak_pids"),
        ("v2", ["assize/box/memory.peak"], "peak_memory_bytes"),
    ],
)
def test_peak_that_an_older_kernel_does_not_keep_is_0(
    layout: str, missing: list[str], unknown: str, tmp_path: Path
) -> None:
    """A peak is for information; no limit rests on it."""
    reader = reader_of(layout, tmp_path)
    for name in missing:
        (tmp_path / name).unlink()
    assert getattr(reader.counters(), unknown) == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_cgroup_that_is_gone_is_an_error_and_not_a_count(layout: str, tmp_path: Path) -> None:
    """Zeroes would say that nothing was used."""
    reader = reader_of(layout, tmp_path)
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        file.unlink()
    with pytest.raises(OSError, match=str(tmp_path)):
        reader.counters()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_is_told_from_the_mounts(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """v2 beside v1 holds no controllers: that is the hybrid."""
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(LAYOUTS[layout][0])
    monkeypatch.setattr(cgroups, "MOUNTINFO", mountinfo)
    assert hierarchy() == layout


def test_controllers_of_one_mount_share_it() -> None:
    """cpu and cpuacct are one hierarchy under two names."""
    found = mounts(V1_MOUNTS.format(top="/cg"))
    assert found["cpu"] == found["cpuacct"] == Mount(Path("/cg/cpu,cpuacct"), PurePosixPath("/"))


def test_cgroup_path_may_hold_a_colon() -> None:
    """Only the first two colons of a line are separators."""
    assert groups("0::/docker:rootless/box:1\n") == {UNIFIED: "/docker:rootless/box:1"}


def test_part_of_a_hierarchy_that_is_mounted_is_found_below_its_root() -> None:
    """In a container, the mount shows its own cgroup as its top."""
    mount = Mount(Path("/sys/fs/cgroup/memory"), PurePosixPath("/docker/abc"))
    assert mount.folder("/docker/abc/box") == Path("/sys/fs/cgroup/memory/box")
    with pytest.raises(SandboxError, match="not visible") as caught:
        mount.folder("/docker/other")
    assert "--cgroupns=host" in caught.value.remedy


def test_controller_that_is_not_mounted_is_an_error(tmp_path: Path) -> None:
    """A limit whose counter cannot be read is not held: nothing runs then."""
    without = "".join(line for line in V1_MOUNTS.splitlines(keepends=True) if "pids" not in line)
    with pytest.raises(SandboxError, match="'pids' is not mounted"):
        CgroupReader.of_groups(groups(V1_GROUPS), mounts(without.format(top=tmp_path)))


def test_process_that_is_gone_is_an_error() -> None:
    """Between its start and our look it may have died."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]) as process:
        process.wait()
    with pytest.raises(SandboxError, match=f"process {process.pid} is gone"):
        CgroupReader.of_process(process.pid)
