"""Leaves a chain of 4,000 folders that no path can name, each level without any permission."""

import os

DEPTH = 4000


def dig(depth: int = DEPTH) -> int:
    """Make the chain below the work folder."""
    start = os.open(".", os.O_RDONLY)
    made = 0
    try:
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
            made += 1
    finally:
        os.fchdir(start)
    os.chmod("d", 0)
    return made


if __name__ == "__main__":
    print('{"depth": "%d"}' % dig())
