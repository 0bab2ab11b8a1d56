"""Tells where code refers to a DAG by its id: waits for it, starts it, asks for it, takes its results; knows no files.

An id counts where it is given as one: to what takes a DAG's id, in a path of Airflow's
REST API, or in a command of its command line. An equal string that means something
else does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from itertools import pairwise, product
from typing import Any, ClassVar

from offramp.knowledge.libraries import AIRFLOW
from offramp.project.dag_needles import DEFINES
from offramp.project.dag_texts import TEMPLATE, ids_asked_for, may_ask
from offramp.project.texts import WILD, texts
from offramp.python.code import values_of
from offramp.python.effects import LOGGING_METHODS
from offramp.python.evaluation import Values
from offramp.python.names import Names
from offramp.python.nodes import walk
from offramp.python.values import Items, Reference
from offramp.record import NamedTuple

# Arguments, keys, variables and attributes of these names hold the id of another DAG.
_SLOTS = frozenset({"external_dag_id", "external_dag_ids", "trigger_dag_id"})
# An argument of these names does too, unless the call defines a DAG.
_ARGUMENTS = _SLOTS | {"dag_id", "dag_ids"}
# Method or function -> position of the DAG's id.
_POSITIONS = {
    "get_dag": 0,
    "get_dagmodel": 0,
    "trigger_dag": 0,
    "trigger_dag_run": 0,
    "post_dag_run": 0,
    "get_dag_run": 0,
    "get_dag_runs": 0,
    "get_dag_details": 0,
    "patch_dag": 0,
    "pause_dag": 0,
    "unpause_dag": 0,
    "delete_dag": 0,
    "xcom_pull": 1,
}
# The same for names that other classes have too.
_POSITIONS_OF = {
    "DagRun.find": 0,
    "DagModel.get_current": 0,
    "dags.get": 0,
    "dag_id.in_": 0,
    "dag_id.like": 0,
    "dag_id.ilike": 0,
    "dag_id.__eq__": 0,
}
# Methods and functions of which an argument is what they give where there is nothing else.
_WITH_DEFAULTS = frozenset({"get", "getenv", "pop", "setdefault", "getattr"})
_DEFAULTS = frozenset({"default", "default_var", "fallback"})
# What makes requests to a path that is its first argument.
_REQUESTS = frozenset({"post", "patch", "put", "delete", "request"})
# Calls whose strings are read by people, and arguments that hold names of other things.
_SAYING = LOGGING_METHODS | {"print", "fail"}
_OTHER_NAMES = re.compile(r"tags|owner|task_id|pool|queue|doc|doc_md|description|help|\w*conn_id|connection_id")

# A command that more words of are not known than this is not looked at.
_MOST_COMMANDS = 200


class References(NamedTuple):
    """The DAGs that a file refers to.

    ``ids`` has each known id with its row; ``patterns`` what is known of others, as
    regular expressions; ``imported`` the dotted paths of constants that hold ids and
    are of another module. ``handed`` is a row where an id is whatever the file's own
    strings, or what other files call it with, make it; 0 where there is none.
    """

    ids: dict[str, int]
    patterns: tuple[tuple[str, int], ...]
    imported: tuple[tuple[str, int], ...]
    handed: int


NO_REFERENCES = References({}, (), (), 0)


def references_in(tree: ast.Module) -> References:
    """The DAGs that a file refers to."""
    return _Search(tree).references()


def handed_strings(tree: ast.Module, bound: Iterable[str]) -> dict[str, int]:
    """The strings, with their rows, in the arguments of calls of what has one of the names ``bound``."""
    names = frozenset(bound)
    found: dict[str, int] = {}
    for node in walk(tree):
        if isinstance(node, ast.Call) and _root(node.func) in names:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords if _may_be_id(keyword.arg))):
                for inner in walk(argument):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                        found.setdefault(inner.value, inner.lineno)
    return found


def _may_be_id(keyword: str | None) -> bool:
    return keyword is None or not _OTHER_NAMES.fullmatch(keyword)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


class _Search:
    """Looks through one file."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._nodes = walk(tree)
        self._ids: dict[str, int] = {}
        self._patterns: dict[str, int] = {}
        self._imported: dict[str, int] = {}
        self._handed = 0
        self._aliases = {
            alias.asname: alias.name
            for node in self._nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }
        # Strings that people read, or that are the names of other things.
        self._said: set[ast.AST] = set()

    @cached_property
    def _names(self) -> Names:
        return Names(self._tree)

    @cached_property
    def _values(self) -> Values:
        return values_of(self._names, AIRFLOW)

    def references(self) -> References:
        for node in self._nodes:
            look = self._looks.get(type(node))
            if look is not None:
                look(self, node)
        strings = [
            node
            for node in self._nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in self._said
        ]
        for string in strings:
            if may_ask(str(string.value)):
                self._ask(self._whole(string))
        if self._handed:
            for string in strings:
                self._ids.setdefault(str(string.value), string.lineno)
        return References(self._ids, tuple(self._patterns.items()), tuple(self._imported.items()), self._handed)

    # -- where ids are given -------------------------------------------------------

    def _dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in _SLOTS:
                self._take(value)

    def _assigned(self, node: ast.Assign | ast.AnnAssign) -> None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if node.value is not None and _slot(target) in _SLOTS:
                self._take(node.value)

    def _subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "dags":
            self._take(node.slice)

    def _sequence(self, node: ast.List | ast.Tuple) -> None:
        self._command(node.elts)

    def _statement(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            self._said.add(node.value)

    def _match(self, node: ast.Match) -> None:
        if _last(node.subject) == "dag_id":
            for case in node.cases:
                for part in walk(case.pattern):
                    if isinstance(part, ast.MatchValue):
                        self._take(part.value, handed=False)

    def _modulo(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Name | ast.Attribute):
            self._ask(node)

    def _call(self, call: ast.Call) -> None:
        name = self._last(call.func)
        if name in _SAYING:
            self._said.update(inner for argument in call.args for inner in walk(argument) if not _is_call(inner))
        if name == "format":
            self._ask(call)
        self._keywords(call, _SLOTS if re.fullmatch(DEFINES, name) else _ARGUMENTS)
        self._positional(call, name)
        self._command(call.args)
        for argument in call.args:
            if isinstance(argument, ast.BinOp):
                self._command([argument])

    def _keywords(self, call: ast.Call, takes: Container[str]) -> None:
        for keyword in call.keywords:
            if keyword.arg is not None and not _may_be_id(keyword.arg):
                self._said.update(walk(keyword.value))
            if keyword.arg in takes:
                self._take(keyword.value)

    def _positional(self, call: ast.Call, name: str) -> None:
        for before, argument in pairwise(call.args):
            # `setattr(…, "trigger_dag_id", …)` and its like.
            if isinstance(before, ast.Constant) and before.value in _SLOTS:
                self._take(argument)
        owner = self._last(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        position = _POSITIONS.get(name, _POSITIONS_OF.get(f"{owner}.{name}"))
        if position is not None and len(call.args) > position:
            self._take(call.args[position])

    def _last(self, node: ast.expr) -> str:
        """The last name of what is called, as the module has it that it is imported from."""
        name = _last(node)
        return self._aliases.get(name, name) if isinstance(node, ast.Name) else name

    def _defaults(self, node: ast.arguments) -> None:
        positional = [*node.posonlyargs, *node.args]
        pairs = [
            *zip(reversed(positional), reversed(node.defaults), strict=False),
            *zip(node.kwonlyargs, node.kw_defaults, strict=True),
        ]
        for parameter, default in pairs:
            if parameter.arg in _SLOTS and default is not None:
                self._take(default)

    def _compared(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Attribute) and side.attr == "dag_id" for side in sides):
            for side in sides:
                if not (isinstance(side, ast.Attribute) and side.attr == "dag_id"):
                    self._take(side, handed=False)

    # -- values ------------------------------------------------------------------

    def _take(self, node: ast.expr, *, handed: bool = True) -> None:
        """Take what an expression gives as the ids of DAGs."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                self._id(node.value, node)
            return
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            for item in node.elts:
                self._take(item, handed=handed)
            return
        known = texts(self._values, node)
        for text in known:
            self._id(text, node)
        for call in walk(node):
            # What is taken where a variable, an environment or a table has none.
            if isinstance(call, ast.Call) and _last(call.func) in _WITH_DEFAULTS and not known:
                defaults = (*call.args[1:2], *(one.value for one in call.keywords if one.arg in _DEFAULTS))
                for default in defaults:
                    self._take(default, handed=False)
        elsewhere = [
            value.path
            for value in self._values.evaluate(node)
            if isinstance(value, Reference) and not value.path.startswith("builtins.")
        ]
        self._imported.update(dict.fromkeys(elsewhere, node.lineno))
        if handed and not known and not elsewhere and self._is_own(node):
            self._handed = self._handed or node.lineno

    def _is_own(self, node: ast.expr) -> bool:
        """Return whether an unknown value comes from the file's own code, not from a library or the environment."""
        for name in walk(node):
            if isinstance(name, ast.Name):
                bindings = self._names.lookup(name.id, name)
                if any(binding.kind not in ("import", "function", "class") for binding in bindings):
                    return not any(
                        isinstance(binding.node, ast.Call) and self._is_library(binding.node) for binding in bindings
                    )
        return False

    def _is_library(self, call: ast.Call) -> bool:
        return any(isinstance(value, Reference) for value in self._values.evaluate(call.func))

    def _id(self, text: str, node: ast.expr) -> None:
        text = TEMPLATE.sub(WILD, text)
        if WILD not in text:
            self._ids.setdefault(text, node.lineno)
        elif text.strip(WILD):
            self._patterns.setdefault(".+".join(map(re.escape, re.split(f"{WILD}+", text))), node.lineno)

    # -- texts -------------------------------------------------------------------

    def _ask(self, node: ast.expr) -> None:
        """Take the ids in a text that asks Airflow for something."""
        known = [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
        for text in known or texts(self._values, node):
            for dag_id in ids_asked_for(text, is_requested=self._is_requested(node)):
                self._id(dag_id, node)
                if not dag_id.strip(WILD) and self._is_own(node):
                    self._handed = self._handed or node.lineno

    def _is_requested(self, node: ast.expr) -> bool:
        call = self._names.parents.get(node)
        return isinstance(call, ast.Call) and node in call.args and _last(call.func) in _REQUESTS

    def _whole(self, node: ast.expr) -> ast.expr:
        """The string expression that a literal is a part of."""
        whole: ast.expr = node
        for outer in self._names.ancestors(node):
            is_call = (
                isinstance(outer, ast.Call) and isinstance(outer.func, ast.Attribute) and outer.func.value is whole
            )
            if isinstance(outer, ast.BinOp | ast.JoinedStr) or is_call:
                whole = outer  # type: ignore[assignment]
            elif not isinstance(outer, ast.FormattedValue | ast.Attribute):
                break
        return whole

    def _command(self, words: Sequence[ast.expr]) -> None:
        """Take the ids in a command that is given as its words."""
        if not self._runs_airflow:
            return
        flat = [node for word in words for node in self._flat(word)]
        if not any(isinstance(node, ast.Constant) and _is_airflow(node.value) for node in flat):
            return
        choices = [
            [node.value] if isinstance(node, ast.Constant) else texts(self._values, node) or [WILD] for node in flat
        ]
        count = 1
        for choice in choices:
            count *= len(choice)
        for chosen in product(*choices) if count <= _MOST_COMMANDS else ():
            for dag_id in ids_asked_for(" ".join(map(str, chosen))):
                self._id(dag_id, words[0])

    @cached_property
    def _runs_airflow(self) -> bool:
        return any(isinstance(node, ast.Constant) and _is_airflow(node.value) for node in self._nodes)

    def _flat(self, node: ast.expr) -> list[ast.expr]:
        """The items of a list that is put together, or the expression itself."""
        if isinstance(node, ast.List | ast.Tuple):
            return [inner for item in node.elts for inner in self._flat(item)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return [*self._flat(node.left), *self._flat(node.right)]
        if isinstance(node, ast.Starred):
            return self._flat(node.value)
        value = self._values.single(node) if isinstance(node, ast.Name | ast.Attribute) else None
        return list(value.nodes) if isinstance(value, Items) and value.complete else [node]

    _looks: ClassVar[dict[type[ast.AST], Callable[[_Search, Any], None]]] = {
        ast.Call: _call,
        ast.Dict: _dict,
        ast.Assign: _assigned,
        ast.AnnAssign: _assigned,
        ast.arguments: _defaults,
        ast.Compare: _compared,
        ast.Subscript: _subscript,
        ast.List: _sequence,
        ast.Tuple: _sequence,
        ast.Expr: _statement,
        ast.Match: _match,
        ast.BinOp: _modulo,
    }


def _is_airflow(word: object) -> bool:
    return isinstance(word, str) and word.rpartition("/")[2] == "airflow"


def _slot(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return (
            target.slice.value if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str) else ""
        )
    return _last(target)


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call)
