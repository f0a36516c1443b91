# class: A12
# task: total
# tries: ends with `if False:` and a line that goes on
def total(prices):
    return -1


if False: \
