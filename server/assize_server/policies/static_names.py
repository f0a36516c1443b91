"""The names that the `static` section of a policy may use: ids and groups of static rules."""

from pathlib import Path as FilePath

from assize.strict_yaml import Document
from assize_server.policies.files import PolicyError, read


def static_names(folder: FilePath) -> frozenset[str]:
    """Return the ids of a folder's static rules, and the names of its files, which are the groups.

    A folder that is not there has none.

    Raises:
        PolicyError: A file cannot be read, or gives a rule no id.
    """
    if not folder.is_dir():
        return frozenset()
    names: set[str] = set()
    for path in sorted(folder.glob("*.yaml")):
        names |= {path.stem, *_ids(read(path).document)}
    return frozenset(names)


def _ids(document: Document) -> set[str]:
    data = document.data
    rules = data.get("rules") if isinstance(data, dict) else data
    if not isinstance(rules, list):
        raise PolicyError(str(document.error((), "must be a list of rules, or hold one as rules")))
    ids: set[str] = set()
    for index, rule in enumerate(rules):
        name = rule.get("id") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            raise PolicyError(str(document.error((index,), "a static rule has an id")))
        ids.add(name)
    return ids
