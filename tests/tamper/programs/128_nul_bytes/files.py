# class: A15
# task: total
# tries: NUL bytes, which some readers stop at
FILES = {"solution.py": b"def total(prices): return -1\n\0\nimport os; os._exit(0)\n"}
