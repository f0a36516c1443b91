"""Tries to become somebody: user ids, groups, capabilities, limits, set-uid programs, its badness."""

import json
import os
import resource
import shutil
import stat
import subprocess

told = {}


def attempt(name, act):
    try:
        got = act()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        told[name] = f"refused: {getattr(error, 'strerror', None) or error}"
    else:
        told[name] = f"got {got!r}"[:200]


def raised(kind):
    resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "raised"


def own_set_uid_copy():
    """A set-uid copy of a shell would be one's own user's at most; it must not start at all in /tmp
    as anybody else."""
    path = shutil.copy("/usr/bin/id", "/tmp/id")
    os.chown(path, 0, 0)
    os.chmod(path, 0o4755)
    return stat.filemode(os.stat(path).st_mode)


attempt("setuid 0", lambda: os.setuid(0))
attempt("setgid 0", lambda: os.setgid(0))
attempt("setresuid 0", lambda: os.setresuid(0, 0, 0))
attempt("setgroups 0", lambda: os.setgroups([0]))
attempt("chown to root", own_set_uid_copy)
for name in ("CORE", "FSIZE", "NOFILE", "MEMLOCK", "MSGQUEUE"):
    attempt(f"raise {name}", lambda name=name: raised(getattr(resource, f"RLIMIT_{name}")))
attempt("nice below", lambda: os.nice(-5))
for name in ("su", "sudo", "mount", "ping", "newuidmap", "pkexec", "passwd", "unshare", "nsenter"):
    argv = {"unshare": ["unshare", "-Ur", "true"], "nsenter": ["nsenter", "-t1", "-m", "true"]}
    attempt(
        f"run {name}",
        lambda name=name: (
            subprocess.run(
                argv.get(name, [name, "root"]), check=True, capture_output=True, stdin=-3, timeout=5
            ).returncode
        ),
    )
with open("/proc/self/status") as file:
    for line in file:
        name, _, value = line.partition(":")
        if name.startswith("Cap") and int(value, 16):
            told[name] = f"got {value.strip()}"
        if name in {"NoNewPrivs", "Seccomp"}:
            held = {"NoNewPrivs": "1", "Seccomp": "2"}[name] == value.strip()
            told[name] = "refused: on" if held else f"got {value.strip()}"


def less_bad(value):
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write(str(value))
    return value


attempt("never the kernel's victim", lambda: less_bad(-1))
print(json.dumps(told))
