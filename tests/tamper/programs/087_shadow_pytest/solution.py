# class: A10
# task: total
# tries: submits a pytest.py that ends with 0
def total(prices):
    return -1
