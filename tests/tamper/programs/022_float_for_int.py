# class: A3
# task: total
# tries: 1.0 for 1
def total(prices):
    return float(sum(prices))
