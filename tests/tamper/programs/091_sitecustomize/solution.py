# class: A10
# task: total
# tries: submits sitecustomize.py, which Python imports by itself
def total(prices):
    return -1
