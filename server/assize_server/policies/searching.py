"""Puts the static rules themselves into policies that name them: what is looked for, and how.

A policy's digest then covers the rules that it looks for: a rule that was changed is another
policy, although its file says the same.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

from assize_server.core.layers import chain_digest
from assize_server.core.policy import Policy
from assize_server.policies.files import PolicyError
from assize_server.policies.static_rules import StaticRuleError, StaticRules, digest, load_static


def static_rules(folder: Path) -> StaticRules:
    """Return the static rules of a folder; one that is not there has none.

    Raises:
        PolicyError: A file of rules is wrong.
    """
    if not folder.is_dir():
        return StaticRules()
    try:
        return load_static(folder)
    except StaticRuleError as error:
        raise PolicyError(str(error)) from error


def searching(policy: Policy, rules: StaticRules) -> Policy:
    """Return the policy with the static rules that it names, and their meaning in its digest.

    Raises:
        PolicyError: It names what is no rule.
    """
    try:
        checks = rules.checks(policy.static)
    except StaticRuleError as error:
        raise PolicyError(f"{policy.name}: {error}") from error
    if not checks.in_force():
        return policy
    *above, lowest = policy.layers
    told = hashlib.sha256(f"{lowest.digest}\n{digest(checks)}".encode()).hexdigest()
    layers = (*above, replace(lowest, digest=told))
    return replace(
        policy,
        digest=chain_digest(layers),
        layers=layers,
        analysis=replace(policy.analysis, static=checks),
    )
