"""Where code refers to a DAG by its id: waits for it, starts it, asks for it, takes its results; knows no files.

An id counts where it is given as one: to what takes a DAG's id, in a path of Airflow's
REST API, or in a command of its command line. An equal string that means something
else does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cached_property
from itertools import product

from offramp.finding.names import Names
from offramp.finding.nodes import walk
from offramp.finding.project.texts import WILD, texts
from offramp.finding.values import Reference, Values
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
    "DagBag.get_dag": 0,
}
_DEFINES = re.compile(r"(?i)(?!get|trigger|pause|unpause|delete|patch|clear|run|wait|start|find)\w*dag")
# Calls whose strings are read by people, and arguments that hold names of other things.
_SAYING = frozenset({"print", "debug", "info", "warning", "warn", "error", "exception", "critical", "log", "fail"})
_OTHER_NAMES = re.compile(r"tags|owner|task_id|pool|queue|doc|doc_md|description|help|\w*conn_id|connection_id")

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ID = r"[^\s/?#\"'&;|<>()]+"
_REST = re.compile(
    rf"api/(?:v\d+|experimental|\0)/dags/(?P<id>{_ID})"
    rf"|dags/(?P<of>{_ID})/(?:dagRuns|dag_runs|taskInstances|clearTaskInstances|updateTaskInstancesState|details)\b"
)
# What a request is made to, where the API's own address is not in the text.
_REQUESTED = re.compile(rf"(?:^|/|\0)dags/(?P<id>{_ID})/?$")
_REQUESTS = frozenset({"post", "patch", "put", "delete", "request"})
_COMMAND = re.compile(
    r"\bairflow\s+(?:(?:dags|tasks|backfill)\s+[\w-]+|trigger_dag|unpause|pause|delete_dag|dag_state|backfill|clear|run|test)"
    r"(?P<rest>(?:\\\n|[^\n;&|])*)"
)
# A command of which more words than this are not known to be one thing is not looked at.
_MOST_COMMANDS = 200
_PULLED = re.compile(r"xcom_pull\((?:[^()]|\([^()]*\))*?dag_id\s*=\s*[\"'](?P<id>[^\"']+)")

# One of these is in every text that refers to a DAG, but for plain `dag_id=`; where nearly every DAG has it, the
# pattern tells more.
_NEEDLES: dict[bytes, bytes] = {
    b"external_dag": b"",
    b"trigger_dag": b"",
    b"get_dag": b"",
    b"DagRun": b"",
    b"DagModel": b"",
    b"_dag_run": b"",
    b"patch_dag": b"",
    b"pause_dag": b"",
    b"delete_dag": b"",
    b"xcom_pull": rb"xcom_pull\((?:[^=()]*,|\*|(?:[^()]|\([^()]*\))*?dag_id)",
    b"dags/": rb"(?i)api/|dag_?runs|clearTask|taskInst|requests|httpx|http",
    b".dags": rb"\.dags\s*(?:\[|\.\s*get\b)",
    b".dag_id": rb"\.dag_id\s*(?:[=!]=|in\b|not\b|\.\s*(?:in_|__eq__))|[=!]=\s*[\w.\[\]\"'()]*\.dag_id",
    b"airflow": rb"\bairflow\W+(?:dags|tasks|backfill|trigger_dag|unpause|pause|delete_dag|dag_state|clear|run|test)\b",
}


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


def may_refer(text: bytes) -> bool:
    """Whether a file can refer to a DAG; false for nearly all."""
    if not any(needle in text for needle in (b"dag", b"Dag", b"airflow", b"xcom_pull")):
        return False
    if any(needle in text and re.search(pattern, text) for needle, pattern in _NEEDLES.items()):
        return True
    at = text.find(b"dag_id")
    while at >= 0:
        if text[at + 6 : at + 8].lstrip().startswith((b"=", b"s")) and not _defines(text, at):
            return True
        at = text.find(b"dag_id", at + 6)
    return False


def _defines(text: bytes, at: int) -> bool:
    """Whether an argument seems to be one of a call that defines a DAG."""
    bracket = text.rfind(b"(", 0, at)
    callee = re.search(rb"\w*\Z", text[max(0, bracket - 40) : bracket]) if bracket >= 0 else None
    return callee is not None and bool(_DEFINES.fullmatch(callee[0].decode("utf-8", "replace")))


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
        # Strings that people read, or that are the names of other things.
        self._said: set[ast.AST] = set()

    @cached_property
    def _names(self) -> Names:
        return Names(self._tree)

    @cached_property
    def _values(self) -> Values:
        return Values(self._names, lambda _path: False)

    def references(self) -> References:
        for node in self._nodes:
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in _SLOTS:
                        self._take(value)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if node.value is not None and _slot(target) in _SLOTS:
                        self._take(node.value)
            elif isinstance(node, ast.arguments):
                self._defaults(node)
            elif isinstance(node, ast.Compare):
                self._compared(node)
            elif (
                isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "dags"
            ):
                self._take(node.slice)
            elif isinstance(node, ast.List | ast.Tuple):
                self._command(node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                self._said.add(node.value)
        for node in self._nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in self._said:
                self._text(node, node.value)
        if self._handed:
            for node in self._nodes:
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in self._said:
                    self._ids.setdefault(node.value, node.lineno)
        return References(self._ids, tuple(self._patterns.items()), tuple(self._imported.items()), self._handed)

    def _call(self, call: ast.Call) -> None:
        name = _last(call.func)
        if name in _SAYING:
            self._said.update(inner for argument in call.args for inner in walk(argument) if not _is_call(inner))
        for keyword in call.keywords:
            if keyword.arg is not None and not _may_be_id(keyword.arg):
                self._said.update(walk(keyword.value))
            takes = _SLOTS if _DEFINES.fullmatch(name) else _ARGUMENTS
            if keyword.arg in takes:
                self._take(keyword.value)
        owner = _last(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if name == "get" and owner == "dags":
            position: int | None = 0
        elif name in ("in_", "__eq__") and owner == "dag_id":
            position = 0
        else:
            position = _POSITIONS.get(name, _POSITIONS_OF.get(f"{owner}.{name}"))
        if position is not None and len(call.args) > position:
            self._take(call.args[position])

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
        elsewhere = [
            value.path
            for value in self._values.evaluate(node)
            if isinstance(value, Reference) and not value.path.startswith("builtins.")
        ]
        self._imported.update(dict.fromkeys(elsewhere, node.lineno))
        if handed and not known and not elsewhere and self._is_own(node):
            self._handed = self._handed or node.lineno

    def _is_own(self, node: ast.expr) -> bool:
        """Whether a value that is not known comes from the file's own code, not from a library or the environment."""
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
        text = _TEMPLATE.sub(WILD, text)
        if WILD not in text:
            self._ids.setdefault(text, node.lineno)
        elif text.strip(WILD):
            self._patterns.setdefault(".+".join(map(re.escape, re.split(f"{WILD}+", text))), node.lineno)

    # -- texts -------------------------------------------------------------------

    def _text(self, node: ast.Constant, text: str) -> None:
        """Take the ids in paths of the REST API, in commands and in templates."""
        if "dags/" in text or "airflow" in text:
            whole = self._whole(node)
            known = texts(self._values, whole) if whole is not node else [text]
            for one in (_TEMPLATE.sub(WILD, part) for part in known):
                for match in _REST.finditer(one):
                    self._id(match["id"] or match["of"], node)
                requested = _REQUESTED.search(one) if self._is_requested(whole) else None
                if requested is not None:
                    self._id(requested["id"], node)
                for match in _COMMAND.finditer(one):
                    self._words(match["rest"], node)
        if "xcom_pull" in text:
            for match in _PULLED.finditer(text):
                self._id(match["id"], node)

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

    def _words(self, rest: str, node: ast.expr) -> None:
        for word in re.split(r"[\s\\=]+", rest):
            plain = word.strip("\"'")
            if plain and not plain.startswith(("-", "$")):
                self._id(re.sub(r"\$\{?\w+\}?", WILD, plain), node)

    def _command(self, node: ast.List | ast.Tuple) -> None:
        """Take the ids in a command that is given as a list of its words."""
        first = next((item for item in node.elts if isinstance(item, ast.Constant) and item.value == "airflow"), None)
        if first is None:
            return
        begin = node.elts.index(first)
        words = [[""]]
        for item in node.elts[begin:]:
            known = [item.value] if isinstance(item, ast.Constant) and isinstance(item.value, str) else None
            words.append(known or texts(self._values, item) or [WILD])
        count = 1
        for choice in words:
            count *= len(choice)
        for chosen in product(*words) if count <= _MOST_COMMANDS else ():
            match = _COMMAND.search(" ".join(chosen))
            if match is not None:
                self._words(match["rest"], node)


def _slot(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return (
            target.slice.value if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str) else ""
        )
    return _last(target)


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call)
