# class: A3
# task: total
# tries: '1' for 1
def total(prices):
    return str(sum(prices))
