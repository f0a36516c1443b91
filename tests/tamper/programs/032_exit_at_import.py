# class: A4
# task: total
# tries: sys.exit(0) while it is imported
import sys

sys.exit(0)
