import unittest

from solution import Stack


class TestStack(unittest.TestCase):
    def test_last_in_first_out(self):
        stack = Stack()
        for item in (1, "two", [3]):
            stack.push(item)
        for expected in ([3], "two", 1):
            self.assertEqual(stack.pop(), expected)

    def test_size(self):
        stack = Stack()
        stack.push("x")
        stack.push("y")
        expected = 2
        self.assertEqual(stack.size(), expected)

    def test_empty(self):
        with self.assertRaises(LookupError):
            Stack().pop()
