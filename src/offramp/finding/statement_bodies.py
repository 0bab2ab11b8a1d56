"""Places where import statements may stand: the parts of statements that hold statements."""

from __future__ import annotations

# What holds statements, last part first, by kind of node; by name, as Python 3.10 has no TryStar.
BODIES = {
    "Module": ("body",),
    "FunctionDef": ("body",),
    "AsyncFunctionDef": ("body",),
    "ClassDef": ("body",),
    "If": ("orelse", "body"),
    "For": ("orelse", "body"),
    "AsyncFor": ("orelse", "body"),
    "While": ("orelse", "body"),
    "With": ("body",),
    "AsyncWith": ("body",),
    "Try": ("finalbody", "orelse", "handlers", "body"),
    "TryStar": ("finalbody", "orelse", "handlers", "body"),
    "ExceptHandler": ("body",),
    "Match": ("cases",),
    "match_case": ("body",),
}
