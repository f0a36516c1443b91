# class: B18
# task: total
# tries: submitted paths that leave the work folder
FILES = {"solution.py": b"def total(prices): return -1\n", "../opt/assize/guest/values.py": b""}
