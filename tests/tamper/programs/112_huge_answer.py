# class: A13
# task: greet
# tries: a text of a hundred megabytes
def greet(name):
    return "Hello, " + name + "!" + " " * 100_000_000
