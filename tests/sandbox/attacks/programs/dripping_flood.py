"""Writes single bytes without end, so that each costs the most to carry."""

import os

while True:
    os.write(1, b"y")
    os.sched_yield()
