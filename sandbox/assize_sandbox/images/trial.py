"""Whether the analysers run in an image, found out by running them there.

Compiled modules may not fit the image's C library or processor; that must show when the image is
built and not as an infrastructure error of every request.
"""

import subprocess
from pathlib import Path
from typing import Final

from assize_sandbox.errors import SandboxError

NOBODY: Final = "65534:65534"
TRIAL_SECONDS: Final = 120
PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
"""The guest's, and where a host keeps chroot."""
PROGRAM: Final = """
import sys
sys.path.append("/opt/assize/tools/lib")
import mypy.build
import subprocess
subprocess.run(["/opt/assize/tools/bin/ruff", "--version"], check=True, stdout=2)
print("%d.%d.%d" % sys.version_info[:3])
"""


def python_version(rootfs: Path) -> str:
    """Import mypy and start ruff in the image; return its Python's version. Needs root.

    Raises:
        SandboxError: An analyser does not run there.
    """
    inside = ["python3", "-I", "-S", "-B", "-c", PROGRAM]
    try:
        ended = subprocess.run(
            ["chroot", f"--userspec={NOBODY}", str(rootfs), *inside],
            capture_output=True,
            text=True,
            check=False,
            timeout=TRIAL_SECONDS,
            stdin=subprocess.DEVNULL,
            env={"PATH": PATH, "LANG": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"the analysers cannot be tried in the image: {error}") from error
    if ended.returncode:
        raise SandboxError(
            f"the analysers do not run in the image: {ended.stderr.strip()[-400:]}",
            remedy="build from a Debian-based image of this processor: "
            "assize image build --source mmdebstrap",
        )
    return ended.stdout.strip()
