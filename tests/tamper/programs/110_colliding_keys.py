# class: A13
# task: total
# tries: a dict whose keys collide
def total(prices):
    return {number * (2**61 - 1): None for number in range(1, 4000)}
