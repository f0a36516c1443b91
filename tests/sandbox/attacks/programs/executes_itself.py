"""Replaces itself by itself without end: never one process that is old."""

import os

os.execv("/bin/sh", ["sh", "-c", 'exec sh -c "$0" "$0"', 'exec sh -c "$0" "$0"'])
