"""A tidy list of tags."""


def tidy(tags: list[str]) -> list[str]:
    """Return the tags in small letters, in order, each once."""
    return sorted({tag.lower() for tag in tags})
