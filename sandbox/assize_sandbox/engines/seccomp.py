"""Reads the profile of system calls that a guest may make (policies/seccomp.json)."""

import json
from pathlib import Path
from typing import Final

from assize_sandbox.errors import EngineUnavailable

REFUSING_ACTIONS: Final = frozenset(
    {"SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS"}
)
READ_REMEDY: Final = "restore policies/seccomp.json from the installation"


def read_profile(path: Path) -> dict[str, object]:
    """Return the seccomp profile, made sure that it refuses by default.

    Raises:
        EngineUnavailable: It cannot be read, or allows what it does not name.
    """
    try:
        profile: object = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EngineUnavailable(
            f"the seccomp profile {path} cannot be read: {error}", remedy=READ_REMEDY
        ) from error
    if not isinstance(profile, dict):
        raise EngineUnavailable(
            f"the seccomp profile {path} is not a JSON object", remedy=READ_REMEDY
        )
    action = profile.get("defaultAction")
    if action not in REFUSING_ACTIONS:
        raise EngineUnavailable(
            f"the seccomp profile {path} does not refuse by default: its defaultAction is {action}",
            remedy='set "defaultAction" to "SCMP_ACT_ERRNO"',
        )
    return profile
