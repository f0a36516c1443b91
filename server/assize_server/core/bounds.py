"""How large a request may be. Everything that admission refuses by size is named here."""

from typing import Final

MOST_VIOLATIONS: Final = 100
"""Faults told for one request; the rest wait for the next attempt."""

MOST_FILES: Final = 100
MOST_FILE_BYTES: Final = 1024 * 1024
MOST_FILES_BYTES: Final = 4 * 1024 * 1024
"""All files of a submission, or of a script, together."""
MOST_PATH_BYTES: Final = 255

MOST_STDIN_BYTES: Final = 1024 * 1024
MOST_ARGUMENTS: Final = 100
MOST_ARGUMENT_BYTES: Final = 4 * 1024
MOST_VARIABLES: Final = 100
MOST_VARIABLE_NAME_CHARS: Final = 128
MOST_VARIABLE_BYTES: Final = 4 * 1024

MOST_CHECKS: Final = 1000
MOST_CHECK_NAME_CHARS: Final = 100
MOST_WEIGHT: Final = 1_000_000.0
"""Keeps the sum of all weights finite and a small weight visible beside a large one."""
MOST_EXIT_CODE: Final = 255
MOST_TEXT_BYTES: Final = 1024 * 1024
"""An expected text."""
MOST_CASES: Final = 1000
"""Over all function checks of a spec."""
MOST_NAME_CHARS: Final = 200
"""A dotted name: a module or an exception class."""

MOST_PATTERN_CHARS: Final = 1000
MOST_PATTERN_PROGRAM: Final = 2000
"""RE2 instructions of a compiled pattern. Matching costs at most this times the text's length:
about two seconds for the worst 1 MiB."""

MOST_SCHEMA_BYTES: Final = 32 * 1024
MOST_DOCUMENT_BYTES: Final = 256 * 1024
"""A JSON document that is checked against a schema."""
MOST_JSON_DEPTH: Final = 64
MOST_JSON_NUMBER_CHARS: Final = 300
MOST_REFERENCES: Final = 50_000
"""`$ref`s followed while one document is checked; recursive schemas can cost 2 to the depth."""

MOST_SHOWN_CHARS: Final = 1024
"""Of an expected or actual text, around the place where they differ."""
MOST_DIFF_BYTES: Final = 4 * 1024

MOST_EXAMPLES: Final = 2000
"""Inputs that a property check tries."""
MOST_PROPERTY_ARGUMENTS: Final = 20
MOST_STRATEGIES: Final = 200
"""Of one property check, whatever they are part of."""
MOST_STRATEGY_DEPTH: Final = 10
MOST_SIZE: Final = 10_000
"""Characters, bytes, items or entries that a strategy may ask for."""
MOST_SAMPLES: Final = 1000
MOST_EXPRESSION_CHARS: Final = 4096
MOST_REFERENCE_BYTES: Final = 256 * 1024
