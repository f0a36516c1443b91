"""Kills everything that it may, again and again, and lives on."""

import json
import os
import signal

for _ in range(5):
    if os.fork() == 0:
        signal.pause()
killed = 0
for _ in range(50):
    try:
        os.kill(-1, signal.SIGKILL)
        killed += 1
    except ProcessLookupError:
        pass
try:
    os.kill(1, signal.SIGKILL)
except OSError:
    pass
print(json.dumps({"alive": "yes"}))
