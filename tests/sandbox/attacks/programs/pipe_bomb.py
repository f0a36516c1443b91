"""Has the kernel hold memory for it: the largest pipes, filled, in many processes."""

import fcntl
import os
import time

for _ in range(3):
    os.fork()
kept = []
while True:
    try:
        kept.append(os.pipe())
    except OSError:
        time.sleep(1000)
    try:
        fcntl.fcntl(kept[-1][1], fcntl.F_SETPIPE_SZ, 1 << 20)
    except OSError:
        pass
    os.set_blocking(kept[-1][1], False)
    try:
        while True:
            os.write(kept[-1][1], b"x" * 65536)
    except BlockingIOError:
        pass
