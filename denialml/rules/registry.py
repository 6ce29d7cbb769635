"""Finds every rule there is. A rule is one object in one module of `families`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from denialml.rules import families
from denialml.rules.rule import Rule


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by id, in the order of ids.

    Raises
    ------
    ValueError
        If two rules have one id.
    """
    found: dict[str, Rule] = {}
    for module in sorted(one.name for one in pkgutil.iter_modules(families.__path__)):
        loaded = importlib.import_module(f"{families.__name__}.{module}")
        for rule in vars(loaded).values():
            # A rule that a module only imports belongs to the module it is from.
            if not isinstance(rule, Rule) or rule.family != module:
                continue
            if found.setdefault(rule.id, rule) is not rule:
                raise ValueError(f"two rules are called {rule.id}")
    return MappingProxyType(dict(sorted(found.items())))
