# class: A15
# task: total
# tries: a module as bytecode and as a broken extension beside the source
FILES = {
    "solution.py": b"def total(prices): return -1\n",
    "solution.pyc": b"\xa7\r\r\n" + bytes(12) + b"junk",
    "solution.cpython-311-x86_64-linux-gnu.so": b"\x7fELF",
}
