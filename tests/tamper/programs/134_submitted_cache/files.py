# class: A10
# task: total
# tries: submits a folder __pycache__
FILES = {
    "solution.py": b"def total(prices): return -1\n",
    "__pycache__/solution.cpython-311.pyc": b"\xa7\r\r\n" + bytes(12),
}
