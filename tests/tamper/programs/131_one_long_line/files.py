# class: A15
# task: total
# tries: half a megabyte on one line, the attack at its end
FILES = {
    "solution.py": b"x = '" + b"a" * 500_000 + b"'; import os; os._exit(0)\n"
    b"def total(prices): return -1\n"
}
