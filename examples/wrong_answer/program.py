"""Print the first six Fibonacci numbers; the loop stops one too early."""


def fibonacci(count: int) -> list[int]:
    """Return the first `count` Fibonacci numbers."""
    numbers = [0, 1]
    while len(numbers) < count - 1:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers


print(fibonacci(6))
