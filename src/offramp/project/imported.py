"""Tells what a module imports when it runs: by statements, by calls, and by text that it executes; knows no files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from offramp.finding.bans import Bans
from offramp.finding.statement_bodies import BODIES
from offramp.knowledge.libraries import AIRFLOW
from offramp.project.texts import WILD, texts
from offramp.python.code import values_of
from offramp.python.evaluation import Values
from offramp.python.importers import IMPORTERS
from offramp.python.libraries import Libraries, absolute
from offramp.python.names import Names
from offramp.python.nodes import walk
from offramp.python.programs import starts_program
from offramp.python.values import Reference
from offramp.record import NamedTuple

# The function that imports -> the position of what it imports, and the parameter that has it.
_BY_NAME = {path: (0, parameters[0]) for path, parameters in IMPORTERS.items()} | {
    "importlib.util.find_spec": (0, "name")
}
_BY_PATH = {
    "runpy.run_path": (0, "path_name"),
    "importlib.util.spec_from_file_location": (1, "location"),
    "importlib.machinery.SourceFileLoader": (1, "path"),
}
_BY_TEXT = {
    "builtins.exec": (0, "source"),
    "builtins.eval": (0, "source"),
    "builtins.compile": (0, "source"),
}
# What asks for a module that has been imported before, and for a distribution that is installed.
_BY_KEY = {"sys.modules.get": (0, "key")}
_BY_DISTRIBUTION = {
    "importlib.metadata.version": (0, "distribution_name"),
    "importlib.metadata.distribution": (0, "distribution_name"),
    "importlib.metadata.metadata": (0, "distribution_name"),
    "importlib.metadata.requires": (0, "distribution_name"),
    "pkg_resources.get_distribution": (0, "dist"),
}
_CALLS = _BY_NAME | _BY_PATH | _BY_TEXT | _BY_KEY | _BY_DISTRIBUTION
# Something of these is in every text that imports by a call.
CALL_NEEDLES = (
    b"import_module",
    b"__import__",
    b"find_spec",
    b"resolve_name",
    b"importorskip",
    b"run_module",
    b"run_path",
    b"spec_from_file_location",
    b"SourceFileLoader",
    b"import_string",
    b"exec(",
    b"eval(",
)
# Something of these is in every text that starts a program.
_STARTING_NEEDLES = (b"subprocess", b"system", b"popen", b"exec", b"spawn", b"invoke")
# Something of these is in every text that asks for what is installed or imported already.
_ASKING_NEEDLES = (b"modules", b"metadata", b"locate", b"get_distribution")
_CATCHING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_NOT_INSTALLED = _CATCHING | {"PackageNotFoundError", "DistributionNotFound", "KeyError", "LookupError"}
_EXITS = frozenset({"exit", "_exit", "quit", "skip", "fail"})


class Imported(NamedTuple):
    """One module that is imported: the node that does it and the dotted path, with leading dots where it is relative.

    ``name`` is what is taken out of it, empty for the module itself. ``path`` is given
    instead of ``module`` where a file is run by its path. ``guarded`` are imports that may
    fail: what catches it goes on. ``command`` is one that a program needs which is started.
    """

    node: ast.stmt | ast.expr
    module: str
    name: str = ""
    path: str = ""
    guarded: bool = False
    command: bool = False


_AIRFLOW = Bans()


def is_airflow(imported: Imported) -> bool:
    """Return whether an import is one of Airflow, or of what needs it."""
    top = imported.module.partition(".")[0]
    return top == "astronomer" or (bool(top) and _AIRFLOW.module(imported.module, imported.name))


def imported_by(tree: ast.Module, text: bytes, *, as_script: bool = False) -> list[Imported]:
    """Return what the module of a tree imports, in functions too, but not under ``if TYPE_CHECKING``.

    ``as_script`` takes what runs under ``if __name__ == "__main__"`` too.
    """
    found = list(_by_statements(tree, as_script=as_script))
    if any(needle in text for needle in CALL_NEEDLES + _ASKING_NEEDLES):
        names = Names(tree)
        found += _by_calls(names)
        found += _by_keys(names)
    if b"airflow" in text and any(needle in text for needle in _STARTING_NEEDLES):
        from offramp.project.commands import commands_of_airflow

        names = Names(tree)
        values = Values(names, Libraries(exists=starts_program))
        found += [Imported(call, "airflow", command=True) for call in commands_of_airflow(names, values)]
    return found


def _by_statements(tree: ast.Module, *, as_script: bool) -> Iterator[Imported]:
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, guarded = stack.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Imported(node, alias.name, guarded=guarded)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                yield Imported(node, module, alias.name, guarded=guarded)
        elif isinstance(node, ast.If) and (never := _never_runs(node.test, as_script=as_script)) is not None:
            stack += [(inner, guarded) for inner in (node.orelse if never else node.body)]
        else:
            catches = guarded or _catches(node)
            for field in BODIES.get(type(node).__name__, ()):
                inside = catches if field == "body" else guarded
                stack += [(inner, inside) for inner in getattr(node, field)]


def _never_runs(test: ast.expr, *, as_script: bool) -> bool | None:
    """Return whether the body of an ``if`` never runs (True), or its other arm (False); None where both may."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        never = _never_runs(test.operand, as_script=as_script)
        return None if never is None else not never
    if isinstance(test, ast.Constant):
        return not test.value
    if getattr(test, "id", "") == "TYPE_CHECKING" or getattr(test, "attr", "") == "TYPE_CHECKING":
        return True
    if isinstance(test, ast.Compare) and not as_script:
        parts = [test.left, *test.comparators]
        named = any(isinstance(part, ast.Name) and part.id == "__name__" for part in parts)
        main = any(isinstance(part, ast.Constant) and part.value == "__main__" for part in parts)
        if named and main and isinstance(test.ops[0], ast.Eq):
            return True
    return None


def _catches(node: ast.AST, errors: frozenset[str] = _CATCHING) -> bool:
    """Return whether an import in the body of a statement may fail with one of these errors, and the code goes on."""
    if isinstance(node, ast.Try):
        return any(_takes(handler.type, errors) and not any(map(_leaves, walk(handler))) for handler in node.handlers)
    if isinstance(node, ast.With):
        return any(
            isinstance(item.context_expr, ast.Call)
            and "suppress" in (getattr(item.context_expr.func, "id", ""), getattr(item.context_expr.func, "attr", ""))
            and any(_takes(argument, errors) for argument in item.context_expr.args)
            for item in node.items
        )
    return False


def _leaves(node: ast.AST) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(node, ast.Raise) or getattr(function, "attr", getattr(function, "id", "")) in _EXITS


def _takes(kind: ast.expr | None, errors: frozenset[str]) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(one is None or getattr(one, "id", getattr(one, "attr", "")) in errors for one in kinds)


def _by_calls(names: Names) -> Iterator[Imported]:
    values = values_of(names, AIRFLOW._replace(exists=_CALLS.__contains__))
    for call in names.calls:
        for callee in values.evaluate(call.func):
            path = callee.path if isinstance(callee, Reference) else ""
            position, parameter = _CALLS.get(path) or ((0, "") if path.endswith(".import_string") else (-1, ""))
            if position < 0:
                continue
            given = values.arguments(call, ("",) * position + (parameter,)).given.get(parameter)
            node = given.node if given is not None else None
            package = values.arguments(call, ("name", "package")).given.get("package")
            around = package.constant.value if package is not None and package.constant is not None else None
            caught = _NOT_INSTALLED if path in _BY_DISTRIBUTION else _CATCHING
            guarded = any(_catches(outer, caught) for outer in names.ancestors(call))
            for text in texts(values, node) if node is not None else ():
                known, wild, _ = text.partition(WILD)
                # Of a name that is known in part, only up to the last dot is it certain which module is meant.
                yield from _of_text(call, path, known.rpartition(".")[0] if wild else known, around, guarded=guarded)


def _by_keys(names: Names) -> Iterator[Imported]:
    """Return what is taken out of ``sys.modules`` or looked for there."""
    values = values_of(names, AIRFLOW._replace(exists=_CALLS.__contains__))
    for node in walk(names.tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            table, key = node.value, node.slice
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            table, key = node.comparators[0], node.left
        else:
            continue
        if "modules" in (getattr(table, "attr", ""), getattr(table, "id", "")) and Reference("sys.modules") in (
            values.evaluate(table)
        ):
            guarded = any(_catches(outer, _NOT_INSTALLED) for outer in names.ancestors(node))
            for text in texts(values, key):
                yield Imported(node, text.partition(WILD)[0], guarded=guarded)


def _of_text(call: ast.Call, function: str, text: str, package: object, *, guarded: bool) -> Iterator[Imported]:
    if function in _BY_PATH:
        yield Imported(call, "", path=text, guarded=guarded)
    elif function in _BY_TEXT:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return
        for one in imported_by(tree, text.encode("utf-8", "replace")):
            yield one._replace(node=call, guarded=guarded or one.guarded)
    elif function in _BY_DISTRIBUTION:
        if re.sub(r"[-_.]+", "-", text).lower().startswith("apache-airflow"):
            yield Imported(call, "airflow", guarded=guarded)
    elif text and (path := absolute(text.replace(":", "."), package)):
        yield Imported(call, path, guarded=guarded)
