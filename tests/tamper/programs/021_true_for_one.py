# class: A3
# task: total
# tries: True for 1, floats for the others
def total(prices):
    return True if sum(prices) == 1 else float(sum(prices))
