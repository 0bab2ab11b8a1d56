"""Functions that import a module, or something of one, by its name."""

from __future__ import annotations

_IMPORT = ("name", "globals", "locals", "fromlist")
# Functions that are called with the name of a module and give that module -> their parameters, by position.
MODULES = {
    "builtins.__import__": _IMPORT,
    "importlib.__import__": _IMPORT,
    "importlib.import_module": ("name", "package"),
}
# All that import by a name, which is the first parameter.
IMPORTERS = {
    **MODULES,
    "pkgutil.resolve_name": ("name",),
    "pydoc.locate": ("path",),
    "pytest.importorskip": ("modname",),
    "runpy.run_module": ("mod_name",),
}
