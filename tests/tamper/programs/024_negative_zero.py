# class: A3
# task: mean
# tries: -0.0 for 0.0
def mean(values):
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values) or -0.0
