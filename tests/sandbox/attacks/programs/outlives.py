"""Leaves processes that have left its session, ignore signals, and fork on once it is gone."""

import json
import os
import signal
import time

ready, told = os.pipe()
waiting, gone = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        os.close(gone)
        os.setsid()
        if os.fork() == 0:
            for number in signal.valid_signals():
                try:
                    signal.signal(number, signal.SIG_IGN)
                except OSError:
                    pass
            os.write(told, b"r")
            os.read(waiting, 1)
            while True:
                try:
                    os.fork()
                except OSError:
                    time.sleep(0.001)
        os._exit(0)
for _ in range(4):
    os.read(ready, 1)
print(json.dumps({"left": "4"}))
