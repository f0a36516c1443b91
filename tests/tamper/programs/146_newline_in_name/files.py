# class: B18
# task: total
# tries: a name that ends with a newline, to slip past `$` in a pattern
FILES = {"solution.py": b"def total(prices): return -1\n", "conftest.py\n": b"", ".env\n": b""}
