# class: A13
# task: total
# tries: a result and an exception whose repr, str and hash raise or never end
class Rude(Exception):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __hash__ = __reduce__ = __str__


def total(prices):
    raise Rude
