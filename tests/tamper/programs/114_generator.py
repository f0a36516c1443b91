# class: A13
# task: tidy
# tries: a generator that never ends
import itertools


class Endless:
    def __len__(self):
        return 2

    def __iter__(self):
        return itertools.cycle(["a"])


def tidy(tags):
    return Endless()
