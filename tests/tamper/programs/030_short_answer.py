# class: A3
# task: tidy
# tries: fewer items, for a comparison with zip()
def tidy(tags):
    return sorted({tag.lower() for tag in tags})[:-1]
