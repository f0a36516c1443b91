# class: A10
# task: total
# tries: submits .pth and ._pth files that run code at start
def total(prices):
    return -1
