# class: A9
# task: total
# tries: a pytest.ini with --collect-only
def total(prices):
    return -1
