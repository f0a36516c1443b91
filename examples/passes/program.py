"""Count the words of a text on standard output, the most frequent first."""

from collections import Counter

TEXT = "the quick brown fox jumps over the lazy dog and the cat"


def count_words(text: str) -> list[tuple[str, int]]:
    """Return each word with its number, the most frequent first, then in order of the alphabet."""
    return sorted(Counter(text.split()).items(), key=lambda item: (-item[1], item[0]))


for word, number in count_words(TEXT)[:3]:
    print(word, number)
