"""Fills the work folder with names."""

import os

os.makedirs("many")
number = 0
while True:
    number += 1
    if number % 2:
        os.close(os.open(f"many/{number}", os.O_CREAT))
    else:
        os.symlink("x", f"many/{number}")
