"""The guest's JSON is that of the `json` package, without its imports."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assize_sandbox

GUEST = Path(assize_sandbox.__file__).parent / "guest"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def load() -> ModuleType:
    """Import the guest's module by its path: it is no part of what the host imports."""
    found = importlib.util.spec_from_file_location("compact", GUEST / "compact.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


compact = load()


@given(VALUES)
def test_what_is_written_is_what_json_writes(value: object) -> None:
    """Character for character."""
    assert compact.dumps(value) == json.dumps(value, separators=(",", ":")).encode()


@given(VALUES)
def test_what_json_writes_is_read_as_json_reads_it(value: object) -> None:
    """Escaped or not."""
    for escaped in (True, False):
        text = json.dumps(value, ensure_ascii=escaped)
        assert compact.loads(text.encode()) == json.loads(text)


def test_what_has_no_json_form_is_refused() -> None:
    """As `json` does."""
    with pytest.raises(TypeError, match="set"):
        compact.dumps({"a": set()})
