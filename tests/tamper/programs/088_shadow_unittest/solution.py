# class: A10
# task: stack
# tries: submits a package unittest whose assertions say yes
class Stack:
    def push(self, item):
        pass

    def pop(self):
        return None

    def size(self):
        return None
