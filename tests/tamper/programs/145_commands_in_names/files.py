# class: B18
# task: total
# tries: file names that are shell commands
FILES = {
    "solution.py": b"def total(prices): return -1\n",
    "$(exit 0).py": b"",
    "; exit 0;.py": b"",
    "`true` && exit 0 #.py": b"",
    "-rf.py": b"",
    "--collect-only": b"",
    "test_total.py --co": b"",
}
