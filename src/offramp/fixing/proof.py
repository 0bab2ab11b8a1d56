"""Proves that a fixed file compiles, and that each of its names means something; may import ``finding``."""

from __future__ import annotations

import ast
import builtins

from offramp.finding.names import FunctionNode, Names

# What a module has without binding it.
_OF_A_MODULE = frozenset(
    "__file__ __name__ __doc__ __package__ __spec__ __loader__ __path__ __builtins__ __annotations__".split()
)


def broken(before: ast.Module, after: ast.Module) -> str:
    """What a fix broke in a file, in one sentence; empty when nothing."""
    try:
        compile(after, "<fixed>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"the result does not compile: {error}"
    old, new = Names(before), Names(after)
    if new.module.stars:
        return ""
    undefined = sorted(_undefined(new) - _undefined(old))
    if undefined:
        return f"`{undefined[0]}` is not defined afterwards"
    twice = sorted(_defined_twice(new) - _defined_twice(old))
    if twice:
        return f"`{twice[0]}` is defined twice afterwards"
    return ""


def _undefined(names: Names) -> set[str]:
    """The names that are read where nothing binds them."""
    return {
        name
        for name, loads in names.loads.items()
        if name not in _OF_A_MODULE and not hasattr(builtins, name)
        if any(not names.lookup(name, load) for load in loads)
    }


def _defined_twice(names: Names) -> set[str]:
    """The module's functions whose name another of its statements binds."""
    return {
        name
        for name, bindings in names.module.bindings.items()
        if len(bindings) > 1 and any(isinstance(binding.node, FunctionNode) for binding in bindings)
    }
