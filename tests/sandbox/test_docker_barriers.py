"""What the Docker engine asks of the daemon for a work folder: data only, no container is made."""

import json
from pathlib import Path
from typing import Any

import pytest

from assize_sandbox.engines.base import Role, WorkFolder
from assize_sandbox.engines.docker.barriers import Plan, configuration
from assize_sandbox.engines.docker.requirements import read_info
from assize_sandbox.engines.surroundings import HOME
from assize_sandbox.limits import Shape


def host_configuration(folder: WorkFolder | None = None) -> Any:
    """Return the barriers as the daemon would read them."""
    plan = Plan("image", Shape(), Role.CANDIDATE, "owner", "{}", folder=folder)
    return json.loads(json.dumps(configuration(plan)))["HostConfig"]


@pytest.mark.parametrize("read_only", [True, False])
def test_view_takes_the_place_of_the_work_folder_alone(read_only: bool) -> None:
    """It is bound in private, and no tmpfs lies over it; the rest stays as it was."""
    bound = host_configuration(WorkFolder(Path("/state/views/one"), read_only=read_only))
    assert bound.pop("Mounts") == [
        {
            "Type": "bind",
            "Source": "/state/views/one",
            "Target": HOME,
            "ReadOnly": read_only,
            "BindOptions": {"Propagation": "rprivate"},
        }
    ]
    others = host_configuration()
    del others["Tmpfs"][HOME]
    assert bound == others


@pytest.mark.parametrize(
    ("root", "first"),
    [
        ("/var/lib/docker", 0),
        ("/var/lib/docker/100000.100000", 100_000),
        ("/data/231072.231072", 231_072),
        ("/var/lib/docker-20.10", 0),
        ("", 0),
    ],
)
def test_daemon_that_remaps_users_says_to_whom(root: str, first: int) -> None:
    """Or views would belong to somebody who is not the guest."""
    assert read_info({"DockerRootDir": root}).first_host_id == first
