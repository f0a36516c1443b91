# class: A15
# task: total
# tries: 10,000 nested brackets
FILES = {"solution.py": b"x = " + b"(" * 10_000 + b")" * 10_000 + b"\ndef total(prices): return -1\n"}
