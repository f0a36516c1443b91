"""Turns the seccomp profile into OCI's `linux.seccomp`.

The profile is written in the form that Docker reads. OCI's has the same fields but no conditions
(`includes`, `excludes`) and no `archMap`; a runtime ignores what it does not know, which would
apply a conditional rule always. So whatever has no counterpart is refused here.
"""

from collections.abc import Mapping
from typing import Final

from assize_sandbox.errors import EngineUnavailable

PROFILE_FIELDS: Final = frozenset({"defaultAction", "defaultErrnoRet", "architectures", "syscalls"})
RULE_FIELDS: Final = frozenset({"names", "action", "errnoRet", "args"})
DROPPED_FIELDS: Final = frozenset({"comment"})
"""For readers; changes nothing."""
ARGUMENT_FIELDS: Final = frozenset({"index", "value", "valueTwo", "op"})


ARCHITECTURES: Final = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
"""libseccomp's name for each machine, as `platform.machine` calls it."""


def oci_profile(profile: Mapping[str, object], machine: str) -> dict[str, object]:
    """Return the profile in OCI's form, for one machine.

    Raises:
        EngineUnavailable: It says something that OCI's form cannot, or nothing of this machine.
    """
    converted = known(profile, PROFILE_FIELDS, "the seccomp profile")
    return {
        **converted,
        "architectures": [native(items(profile.get("architectures")), machine)],
        "syscalls": [rule(one) for one in items(profile.get("syscalls"))],
    }


def native(listed: list[object], machine: str) -> str:
    """Return the machine's own architecture alone.

    The filter is compiled anew for each container, and each further architecture costs
    milliseconds. Calls of one that is not in the filter are never allowed.
    """
    name = ARCHITECTURES.get(machine)
    if name is None or name not in listed:
        raise refusal(f"the seccomp profile is for {listed}, and this machine is {machine}")
    return name


def rule(given: object) -> dict[str, object]:
    """Return one rule in OCI's form."""
    converted = known(given, RULE_FIELDS, "a seccomp rule")
    if "args" in converted:
        converted["args"] = [
            known(argument, ARGUMENT_FIELDS, "a seccomp argument")
            for argument in items(converted["args"])
        ]
    return converted


def known(given: object, fields: frozenset[str], what: str) -> dict[str, object]:
    """Return a mapping's fields without the comments, made sure that OCI knows each."""
    if not isinstance(given, Mapping):
        raise refusal(f"{what} is {given!r}, not an object")
    unknown = given.keys() - fields - DROPPED_FIELDS
    if unknown:
        raise refusal(f"{what} has {sorted(unknown)}, which OCI runtimes do not know")
    return {name: value for name, value in given.items() if name in fields}


def items(given: object) -> list[object]:
    """Return a list as it is."""
    if not isinstance(given, list):
        raise refusal(f"the seccomp profile has {given!r} where a list belongs")
    return given


def refusal(message: str) -> EngineUnavailable:
    """Return the error for a profile that cannot be converted."""
    return EngineUnavailable(
        message, remedy=f"write it with {', '.join(sorted(PROFILE_FIELDS | RULE_FIELDS))} alone"
    )
