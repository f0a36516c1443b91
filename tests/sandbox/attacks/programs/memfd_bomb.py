"""Fills files that have no name and no folder."""

import os

kept = []
for number in range(1000):
    kept.append(os.memfd_create(str(number)))
    for _ in range(4):
        os.write(kept[-1], b"x" * (1 << 20))
