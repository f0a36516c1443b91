# class: A9
# task: total
# tries: setup.cfg, tox.ini and pyproject.toml with options of their own
def total(prices):
    return -1
