"""Loses a child to the kernel for want of memory, and does its work all the same."""

import json
import os

child = os.fork()
if child == 0:
    kept = []
    while True:
        kept.append(bytearray(b"x") * (1 << 20))
_, status = os.waitpid(child, 0)
print(json.dumps({"child ended by signal": str(os.WTERMSIG(status))}))
