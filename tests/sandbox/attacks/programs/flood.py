"""Writes to both streams without end, from several processes, and ignores every signal it can."""

import os
import signal

for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
os.fork()
stream = 1 if os.fork() else 2
while True:
    os.write(stream, b"y\n" * 8192)
