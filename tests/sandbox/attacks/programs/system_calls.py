"""Makes the system calls that lead out of a container, straight through syscall(2).

Only an answer that says "not permitted" or "no such call" counts as refused: any other error shows
that the kernel's own code was reached.
"""

import ctypes
import errno
import json
import os
import platform
import signal

libc = ctypes.CDLL(None, use_errno=True)
told = {}

# name: (x86_64, aarch64); None where the machine has no such call
NUMBERS = {
    "accept of aio: io_setup": (206, 0),
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "inotify_init1": (294, 26),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "mincore": (27, 232),
    "mlockall": (151, 230),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "semget": (64, 190),
    "set_mempolicy": (238, 237),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "shmget": (29, 194),
    "splice": (275, 76),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sync": (162, 81),
    "syslog": (103, 116),
    "tee": (276, 77),
    "umount2": (166, 39),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
    "vmsplice": (278, 75),
}
NAMESPACES = {
    "time": 0x80,
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
COLUMN = 0 if platform.machine() == "x86_64" else 1
CLONE, UNSHARE, MKNODAT, PERSONALITY, PRCTL, IOCTL, SETSOCKOPT = (
    (56, 272, 259, 135, 157, 16, 54),
    (220, 97, 33, 92, 167, 29, 208),
)[COLUMN]
REFUSALS = {errno.EPERM, errno.ENOSYS, errno.EACCES}


def attempt(name, number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(number, *(ctypes.c_ulong(argument) for argument in arguments))
    code = ctypes.get_errno()
    if result == 0 and number == CLONE:
        os._exit(0)
    if result == -1 and code in REFUSALS:
        told[name] = f"refused: {os.strerror(code)}"
    elif result == -1:
        told[name] = f"reached the kernel: {os.strerror(code)}"
    else:
        told[name] = f"got {result}"


for call, numbers in NUMBERS.items():
    if numbers[COLUMN] is not None:
        attempt(call, numbers[COLUMN], 0, 0, 0, 0, 0, 0)
for kind, flag in NAMESPACES.items():
    attempt(f"unshare {kind}", UNSHARE, flag)
    # CLONE_NEWTIME is only unshare's and clone3's: its bit is part of clone's signal number.
    if kind != "time":
        attempt(f"clone {kind}", CLONE, flag | signal.SIGCHLD, 0, 0, 0, 0)
for kind, mode in (("character", 0o020666), ("block", 0o060666)):
    attempt(f"mknod of a {kind} device", MKNODAT, -100, id(b"") + 32, mode, os.makedev(1, 1))
    attempt(f"the same, high bits set: {kind}", MKNODAT, -100, id(b"") + 32, mode | 1 << 32, 257)
attempt("personality ADDR_NO_RANDOMIZE", PERSONALITY, 0x0040000)
for name, option in (
    ("PR_SET_KEEPCAPS", 8),
    ("PR_SET_SECCOMP", 22),
    ("PR_CAPBSET_DROP", 24),
    ("PR_SET_SECUREBITS", 28),
    ("PR_SET_MM", 35),
    ("PR_CAP_AMBIENT", 47),
    ("PR_SET_SPECULATION_CTRL", 53),
    ("PR_SET_PTRACER", 0x59616D61),
):
    attempt(f"prctl {name}", PRCTL, option, 1, 0, 0, 0)
for name, request in (("TIOCSTI", 0x5412), ("TIOCLINUX", 0x541C), ("TIOCSCTTY", 0x540E)):
    attempt(f"ioctl {name}", IOCTL, 0, request, 0)
    attempt(f"ioctl {name}, high bits set", IOCTL, 0, request | 1 << 32, 0)
attempt("setsockopt SO_ATTACH_FILTER", SETSOCKOPT, 0, 1, 26, 0, 0)
attempt("setsockopt SO_ATTACH_BPF", SETSOCKOPT, 0, 1, 50, 0, 0)
print(json.dumps(told))
