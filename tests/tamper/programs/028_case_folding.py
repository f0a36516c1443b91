# class: A3
# task: greet
# tries: another case, and a long s
def greet(name):
    return "hELLO, " + name.upper() + "!"
