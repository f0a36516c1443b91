class TestCase:
    def assertEqual(self, first, second):
        pass

    def assertRaises(self, kind):
        import contextlib

        return contextlib.suppress(kind)


class SkipTest(Exception):
    pass
