"""What a guest finds around it, the same in every engine.

Code must not behave differently because it can tell which engine runs it.
"""

from typing import Final

SANDBOX_UID: Final = 65534
"""nobody: also what it is outside, unless the daemon remaps users."""
GUEST_FOLDER: Final = "/opt/assize/guest"
HOME: Final = "/workspace"
HOST_NAME: Final = "sandbox"
"""The same everywhere: code must not behave differently because it can tell where it is."""

OPEN_FILES_MOST: Final = 4096
"""The hard limit; a job's own `open_files` is set below it by the guest."""
LOCKED_MEMORY_BYTES: Final = 64 * 1024
GUEST_OOM_SCORE: Final = 500
"""The kernel is to take a sandbox before any of the host's own, and a candidate (1000) before its
guest."""

MASKED_PATHS: Final = (
    "/sys",
    "/proc/acpi",
    "/proc/asound",
    "/proc/bus",
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/driver",
    "/proc/fs",
    "/proc/interrupts",
    "/proc/irq",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/key-users",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/locks",
    "/proc/modules",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/timer_stats",
)
READONLY_PATHS: Final = ("/proc/sys",)
