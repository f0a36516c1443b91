# class: A13
# task: tidy
# tries: 100,000 lists in each other
def tidy(tags):
    answer = []
    for _ in range(100_000):
        answer = [answer]
    return answer
