# class: A2
# task: tidy
# tries: fills the caller's list with junk and returns that very list
class Junk(str):
    def lower(self):
        return self


def tidy(tags):
    tags[:] = [Junk("junk")]
    return tags
