"""A host that could not keep a barrier up is refused before any container is made."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from assize_sandbox.cgroups import UNIFIED, Mount
from assize_sandbox.engines.owner import Owner
from assize_sandbox.engines.runc import requirements
from assize_sandbox.engines.runc.bundles import Bundles
from assize_sandbox.errors import EngineUnavailable, ImageMissing

TOP = PurePosixPath("/")


def test_other_users_than_root_are_refused() -> None:
    """Namespaces, mappings and cgroups need root."""
    requirements.check_root(0)
    with pytest.raises(EngineUnavailable, match="1000"):
        requirements.check_root(1000)


def test_kernel_without_user_namespaces_is_refused() -> None:
    """The user namespace is a barrier, not an option."""
    with pytest.raises(EngineUnavailable):
        requirements.check_user_namespaces(0)


@pytest.mark.parametrize("missing", requirements.CONTROLLERS)
def test_missing_controller_is_refused(tmp_path: Path, missing: str) -> None:
    """Without its controller a limit would not hold, in v1 as in v2."""
    present = [name for name in requirements.CONTROLLERS if name != missing]
    (tmp_path / "cgroup.controllers").write_text(" ".join(present))
    legacy = {name: Mount(tmp_path, TOP) for name in present}
    for mounted in ({UNIFIED: Mount(tmp_path, TOP)}, legacy):
        with pytest.raises(EngineUnavailable, match=missing):
            requirements.check_controllers(mounted)


def test_kernel_that_counts_no_swap_is_refused(tmp_path: Path) -> None:
    """In v1 swap is counted only where the kernel was booted to."""
    mounted = {"memory": Mount(tmp_path, TOP)}
    with pytest.raises(EngineUnavailable, match="swap"):
        requirements.check_swap(mounted)
    (tmp_path / "memory.memsw.limit_in_bytes").touch()
    requirements.check_swap(mounted)


def test_image_without_its_folders_is_refused(tmp_path: Path) -> None:
    """The runtime could not make them: the image is not the container root's."""
    with pytest.raises(ImageMissing, match="workspace"):
        requirements.check_image(tmp_path)


def test_image_behind_a_closed_folder_is_refused(tmp_path: Path) -> None:
    """The container's users are nobody's outside, so the way to the image must be open to all."""
    rootfs = tmp_path / "closed" / "rootfs"
    rootfs.mkdir(parents=True)
    rootfs.parent.chmod(0o700)
    with pytest.raises(EngineUnavailable, match="closed to them"):
        requirements.check_path(rootfs)


def test_bundles_of_the_dead_alone_are_orphans(tmp_path: Path) -> None:
    """What belongs to the living, to who cannot be seen from here, or to nobody is left alone."""
    bundles = Bundles(tmp_path / "bundles")
    bundles.open()
    ours = Owner.current()
    bundles.write("ours", ours, {})
    dead = replace(ours, started_ticks=ours.started_ticks + 1)
    bundles.write("dead", dead, {})
    bundles.write("earlier", replace(ours, boot="another boot"), {})
    bundles.write("elsewhere", replace(dead, pid_namespace=ours.pid_namespace + 1), {})
    (bundles.path("unfinished")).mkdir()
    assert set(bundles.orphans()) == {"dead", "earlier"}
