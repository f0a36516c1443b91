# class: A5
# task: total
# tries: pytest.skip(allow_module_level=True) while it is imported
import pytest

pytest.skip("not today", allow_module_level=True)
