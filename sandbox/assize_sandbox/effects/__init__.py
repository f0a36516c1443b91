"""What a run would change, told from two trees: files, their texts, and the rows of databases."""

from assize_sandbox.effects.between import effects_between
from assize_sandbox.effects.databases import DatabaseDiffer, NoDatabases
from assize_sandbox.effects.replay import EffectsDoNotFit, replayed
from assize_sandbox.effects.sandboxed import SandboxedDatabases

__all__ = [
    "DatabaseDiffer",
    "EffectsDoNotFit",
    "NoDatabases",
    "SandboxedDatabases",
    "effects_between",
    "replayed",
]
