"""Leaves 200 dead orphans to PID 1, which must bury them or have no process left to start."""

import json
import os

for _ in range(200):
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.waitpid(child, 0)
print(json.dumps({"orphans": "200"}))
