"""Takes shared memory without end, touched by several processes."""

import mmap
import os

for _ in range(3):
    os.fork()
kept = []
while True:
    kept.append(mmap.mmap(-1, 1 << 20))
    kept[-1].write(b"x" * (1 << 20))
