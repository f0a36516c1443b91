# class: A3
# task: greet
# tries: letters that look the same
def greet(name):
    return "\u041d\u0435ll\u043e, " + name + "!"
