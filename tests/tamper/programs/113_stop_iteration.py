# class: A13
# task: parse
# tries: StopIteration, which ends the tests' own loop early
def parse_port(text):
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError(text)
    raise StopIteration
