"""The plugin that `make test` runs under."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = Path(__file__).parent


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Tests of which one passes, one fails as expected and one is skipped."""
    monkeypatch.setenv("PYTHONPATH", os.fspath(TESTS))
    pytester.makepyfile(
        """
        import pytest

        def test_passes(): pass

        @pytest.mark.xfail
        def test_fails_as_expected(): assert False

        def test_is_skipped(): pytest.skip("no engine here")
        """
    )
    return pytester


def test_skipped_test_fails_with_its_reason(suite: pytest.Pytester) -> None:
    """A run in which a test did not run is not a green one; what failed as expected did run."""
    result = suite.runpytest_subprocess("-p", "support.no_skips")
    result.assert_outcomes(passed=1, xfailed=1, failed=1)
    result.stdout.fnmatch_lines(["*skipped: *no engine here*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_skipped_file_fails(suite: pytest.Pytester) -> None:
    """A file that is skipped whole fails too."""
    suite.makepyfile(test_whole="import pytest\npytest.skip('x', allow_module_level=True)")
    result = suite.runpytest_subprocess("-p", "support.no_skips", "test_whole.py")
    assert result.ret != pytest.ExitCode.OK
