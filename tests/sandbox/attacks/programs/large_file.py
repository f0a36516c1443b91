"""Writes one file past the largest that may be."""

with open("large", "wb") as file:
    while True:
        file.write(b"x" * (1 << 16))
