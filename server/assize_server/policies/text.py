"""Writes policies as text: one file in canonical spelling, and what holds over all layers."""

import re
from typing import Final

import yaml

from assize_server.policies.load import LoadedPolicy
from assize_server.policies.schema import TERMS, PolicyText

_PLAIN: Final = re.compile(r"[A-Za-z][\w@/.,;()-]*( [\w@/.,;()-]+)*", re.ASCII)
"""Text that no YAML version takes for anything else, save for the words below."""
_WORDS: Final = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null)")
_WIDTH: Final = 2**30
"""Lines are never folded: each value stands in one."""


class _Dumper(yaml.SafeDumper):
    """Writes what strict YAML reads back as the same."""

    def ignore_aliases(self, data: object) -> bool:
        """Write everything out, each time."""
        return True


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, None if is_plain else '"')


_Dumper.add_representer(str, _text_node)


def file_text(file: PolicyText) -> str:
    """Return a policy file that means the same as this one, without its comments."""
    return _dumped(file.model_dump(mode="json", by_alias=True, exclude_none=True))


def effective_text(loaded: LoadedPolicy) -> str:
    """Return what holds under a policy's name, over all of its layers, as YAML for people.

    It is no policy file: the effect rules of each layer stand beside each other, since each is
    weighed by itself and the strictest holds.
    """
    policy = loaded.policy
    file = loaded.file.model_dump(mode="json", by_alias=True, exclude_none=True)
    layers = [
        {"layer": layer.kind.value, "name": layer.name, "digest": layer.digest}
        for layer in policy.layers
    ]
    effects = [
        {**_heading(part), "default": part.file.default, **_rules(part)}
        for part in (*loaded.above, loaded)
    ]
    head = {"name": policy.name, "digest": policy.digest, "layers": layers}
    return _dumped({**head, **{key: file[key] for key in TERMS}, "effects": effects})


def _heading(loaded: LoadedPolicy) -> dict[str, object]:
    layer = loaded.policy.layers[-1]
    return {"layer": layer.kind.value, "name": layer.name}


def _rules(loaded: LoadedPolicy) -> dict[str, object]:
    file = loaded.file.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: file[key] for key in ("default_approval", "rules") if key in file}


def _dumped(data: object) -> str:
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
