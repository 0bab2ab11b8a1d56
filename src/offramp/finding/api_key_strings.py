"""The strings of a file that can reach a place for an API key; knows no rules.

A place is what is named after a key (``api_key=``, ``TOKEN =``, ``{"password": …}``), or any
argument of dbt Cloud's credentials, for names are misspelt. Where strings come from is
followed by names alone, through the whole file and without regard to scopes: what is taken
for a key and is none costs some asterisks.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from offramp.python.nodes import children, walk

CREDENTIALS = "DbtCloudCredentials"
_NAMES_KEY = re.compile(r"(?i)api[_-]?key|token|secret|passw(?:or)?d|authorization")
# `api_key_name`, `SECRET_ENV`, `TOKEN_FILE` say where a key is.
_NAMES_PLACE = re.compile(r"(?i)(?:name|env|var|variable|path|file|dir|id|url|uri|header|block|arn|type|version)s?\Z")
_HARMLESS = frozenset({"account_id", "domain", "_block_document_name", "client", "validate"})
_SECRET_TYPES = frozenset({"SecretStr", "SecretBytes"})
# What is looked up by its first argument: that names a key, and the others stand in for one.
_LOOKUPS = frozenset({"get", "getenv", "pop", "setdefault", "load", "aload", "__getitem__", "getattr"})
# What stores its second argument, or third, under the name before it.
_STORES = frozenset({"setattr", "__setattr__", "setdefault", "__setitem__", "getenv", "get", "pop", "putenv", "setenv"})
_PARTIALS = frozenset({"partial", "partialmethod"})
# What people write where a key is to be filled in.
_PLACEHOLDER = re.compile(
    r"(?i)your|example|dummy|fake|sample|placeholder|change|replace|insert|here|test|todo|secret|token|password"
    r"|api.?key|x{4}|\*{3}|\.{3}|[<>{}$\s]|0123456789|1234567|abcdef"
)
# The keys that dbt Cloud gives out begin with the first, or are 40 hexadecimal digits.
_REAL_KEY = re.compile(r"dbt[a-z]_[\w-]{16,}|[0-9a-f]{40}")
_SHORTEST_KEY = 12
# Functions that give what they are given. Others are asked by name for what they give.
_WRAPPERS = frozenset(
    {"SecretStr", "SecretBytes", "str", "bytes", "cast", "format", "join", "partial", "encode", "strip"}
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


class KeyStrings:
    """The strings of a tree that can reach a place for a key.

    ``all`` are all strings of the tree, ``nodes`` those that can, ``joined`` what is
    put together of several. ``names_credentials`` is whether the file names their class.
    """

    def __init__(self, tree: ast.Module, *, names_credentials: bool) -> None:
        self.nodes: set[ast.Constant] = set()
        self.joined: set[str] = set()
        self.all: list[ast.Constant] = []
        # What is given to a name, whether it names a variable, an attribute, an argument, a key or a function.
        self._given: defaultdict[str, list[ast.expr]] = defaultdict(list)
        self._items: defaultdict[str, list[tuple[str, ast.expr]]] = defaultdict(list)
        self._calls: defaultdict[str, list[ast.Call]] = defaultdict(list)
        # Parameter -> the functions that have it, and its place in them.
        self._parameters: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        self._functions: defaultdict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = defaultdict(list)
        self._makers: list[ast.ClassDef | ast.ImportFrom] = []
        self._aliases = {CREDENTIALS}
        self._names: list[str] = []
        self._asked: set[str] = set()
        self._seen: set[ast.AST] = set()
        notes = self._notes()
        for node in walk(tree):
            note = notes.get(type(node))
            if note is not None:
                note(node)
        self._start()
        if names_credentials:
            self._find_aliases()
            self._reach_credentials()
        while self._names:
            self._follow(self._names.pop())

    # -- what the tree says --------------------------------------------------------

    def _notes(self) -> dict[type[ast.AST], Callable[[Any], None]]:
        return {
            ast.AnnAssign: self._note_annotated,
            ast.Assign: self._note_assign,
            ast.AsyncFor: self._note_loop,
            ast.AsyncFunctionDef: self._note_function,
            ast.AugAssign: self._note_augmented,
            ast.Call: self._note_call,
            ast.ClassDef: self._makers.append,
            ast.Constant: self._note_string,
            ast.Dict: self._note_dict,
            ast.For: self._note_loop,
            ast.FunctionDef: self._note_function,
            ast.ImportFrom: self._makers.append,
            ast.Lambda: self._note_lambda,
            ast.List: self._note_pair,
            ast.NamedExpr: self._note_named,
            ast.Tuple: self._note_pair,
            ast.comprehension: self._note_loop,
            ast.withitem: self._note_with,
        }

    def _note_string(self, node: ast.Constant) -> None:
        if isinstance(node.value, str | bytes) and node.value:
            self.all.append(node)

    def _note_assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assign(target, node.value)

    def _note_annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node.target, node.value)

    def _note_augmented(self, node: ast.AugAssign) -> None:
        self._assign(node.target, node.value)

    def _note_named(self, node: ast.NamedExpr) -> None:
        self._assign(node.target, node.value)

    def _note_loop(self, node: ast.For | ast.AsyncFor | ast.comprehension) -> None:
        elements = node.iter.elts if isinstance(node.iter, ast.List | ast.Tuple | ast.Set) else [node.iter]
        for element in elements:
            self._assign(node.target, element)

    def _note_with(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._assign(node.optional_vars, node.context_expr)

    def _note_dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self._give(key, value)

    def _note_pair(self, node: ast.Tuple | ast.List) -> None:
        # A pair of a name and a value, as `dict(…)` takes them.
        if len(node.elts) == 2:
            self._give(node.elts[0], node.elts[1])

    def _note_call(self, node: ast.Call) -> None:
        name = _last_name(node.func)
        self._calls[name].append(node)
        for keyword in node.keywords:
            if keyword.arg is not None:
                self._given[keyword.arg].append(keyword.value)
        if name in _STORES:
            for key, value in pairwise(node.args):
                self._give(key, value)

    def _note_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions[node.name].append(node)
        self._note_parameters(node.name, node.args)

    def _values_of(self, name: str) -> list[ast.expr]:
        """Return what is given to a name, and what the functions of that name give."""
        inner = (part for function in self._functions.get(name, ()) for one in function.body for part in walk(one))
        given = [one.value for one in inner if isinstance(one, ast.Return | ast.Yield) and one.value]
        return [*self._given.get(name, ()), *given]

    def _note_lambda(self, node: ast.Lambda) -> None:
        self._note_parameters("", node.args)

    def _note_parameters(self, function: str, arguments: ast.arguments) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        for parameter, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            self._given[parameter.arg].append(default)
        for parameter, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword_default is not None:
                self._given[parameter.arg].append(keyword_default)
        for place, parameter in enumerate(positional):
            self._parameters[parameter.arg].append((function, place))

    def _give(self, key: ast.expr | None, value: ast.expr) -> None:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            self._given[key.value].append(value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                self._given[name].append(value)
            case ast.Subscript(value=container, slice=ast.Constant(value=str(key))):
                self._given[key].append(value)
                self._items[_last_name(container)].append((key, value))
            case ast.Subscript(value=container):
                self._given[_last_name(container)].append(value)
            case ast.Starred(value=inner):
                self._assign(inner, value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets)
                values = value.elts if same and isinstance(value, ast.Tuple | ast.List) else [value] * len(targets)
                for one, part in zip(targets, values, strict=True):
                    self._assign(one, part)

    # -- dbt Cloud's credentials ---------------------------------------------------

    def _find_aliases(self) -> None:
        """The names of the credentials' class, of its subclasses and of partials of either."""
        given = {name: self._values_of(name) for name in (*self._given, *self._functions)}
        count = 0
        while count != len(self._aliases):
            count = len(self._aliases)
            for node in self._makers:
                if isinstance(node, ast.ClassDef) and any(self._is_class(base) for base in node.bases):
                    self._aliases.add(node.name)
                elif isinstance(node, ast.ImportFrom):
                    self._aliases |= {alias.asname or alias.name for alias in node.names if alias.name == CREDENTIALS}
            for name, values in given.items():
                if any(self._is_class(value) for value in values):
                    self._aliases.add(name)

    def _is_class(self, node: ast.expr) -> bool:
        match node:
            case ast.Name() | ast.Attribute():
                return _last_name(node) in self._aliases
            case ast.Call(func=function, args=arguments):
                named = [one for one in arguments if isinstance(one, ast.Constant) and one.value == CREDENTIALS]
                is_partial = _last_name(function) in _PARTIALS and any(map(self._is_class, arguments))
                return is_partial or (_last_name(function) == "getattr" and bool(named))
            case ast.IfExp(body=body, orelse=other):
                return self._is_class(body) or self._is_class(other)
            case ast.BoolOp(values=values):
                return any(map(self._is_class, values))
        return False

    def _makes_credentials(self, call: ast.Call) -> bool:
        return self._is_class(call.func) or (
            _last_name(call.func) in _PARTIALS and any(self._is_class(argument) for argument in call.args)
        )

    # -- where keys go -------------------------------------------------------------

    def _start(self) -> None:
        self._names += [name for name in (*self._given, *self._functions) if _names_key(name)]
        for name in _SECRET_TYPES:
            self._reach_all(argument for call in self._calls.get(name, ()) for argument in call.args)

    def _reach_credentials(self) -> None:
        for call in [call for calls in self._calls.values() for call in calls if self._makes_credentials(call)]:
            self._reach_all(call.args)
            for keyword in call.keywords:
                if keyword.arg is None:
                    self._reach_entries(keyword.value)
                elif keyword.arg not in _HARMLESS:
                    self._reach(keyword.value)

    def _follow(self, name: str) -> None:
        if name in self._asked:
            return
        self._asked.add(name)
        self._reach_all(self._values_of(name))
        for function, place in self._parameters.get(name, ()):
            for call in self._calls.get(function, ()):
                # Methods have their object before the arguments.
                self._reach_all(call.args[max(place - 1, 0) : place + 1])

    def _reach_all(self, nodes: Iterable[ast.expr]) -> None:
        for node in nodes:
            self._reach(node)

    def _reach_entries(self, node: ast.expr) -> None:
        """The values of a dict that is given to credentials."""
        if node in self._seen:
            return
        self._seen.add(node)
        match node:
            case ast.Dict(keys=keys, values=values):
                pairs = [*zip(keys, values, strict=True)]
                self._reach_all(value for key, value in pairs if key is not None and not _is_harmless(key))
                parts = [value for key, value in pairs if key is None]
            case ast.Call(args=arguments, keywords=keywords):
                self._reach_all(one.value for one in keywords if one.arg is not None and one.arg not in _HARMLESS)
                parts = [*arguments, *(one.value for one in keywords if one.arg is None)]
            case ast.Name() | ast.Attribute():
                name = _last_name(node)
                self._reach_all(value for key, value in self._items.get(name, ()) if key not in _HARMLESS)
                parts = [*self._values_of(name)]
            case ast.List() | ast.Tuple() | ast.BinOp() | ast.IfExp() | ast.BoolOp():
                parts = [part for part in children(node) if isinstance(part, ast.expr)]
            case _:
                parts = []
        for part in parts:
            self._reach_entries(part)

    def _reach(self, node: ast.expr) -> None:
        if node in self._seen:
            return
        self._seen.add(node)
        match node:
            case ast.Constant():
                self.nodes.update([node] if text_of(node) else [])
            case ast.Name() | ast.Attribute():
                self._reach_name(node)
            case ast.Subscript():
                self._reach_item(node)
            case ast.IfExp(body=body, orelse=other):
                self._reach_all((body, other))
            case ast.Dict(values=values):
                self._reach_all(values)
            case ast.Call():
                self._reach_call(node)
            case ast.Compare() | ast.UnaryOp():
                pass
            case _:
                self.joined.update(_joined(node))
                self._reach_parts(node)

    def _reach_name(self, node: ast.Name | ast.Attribute) -> None:
        name = _last_name(node)
        self._names.append(name)
        # Members of an enumeration have both.
        if isinstance(node, ast.Attribute) and name in ("value", "name"):
            self._reach(node.value)

    def _reach_item(self, node: ast.Subscript) -> None:
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(key, str):
            self._names.append(key)
        else:
            self._reach(node.value)

    def _reach_parts(self, node: ast.AST) -> None:
        for part in children(node):
            if isinstance(part, ast.expr):
                self._reach(part)
            else:
                self._reach_parts(part)

    def _reach_call(self, call: ast.Call) -> None:
        """Reach all that a call may give: what it is given, what its object is, what a function of the file returns."""
        if any(keyword.arg == "task_id" for keyword in call.keywords):
            return  # A task is not a key, though its name may tell of tokens.
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        name = _last_name(call.func)
        self._names.append(name)
        first = call.args[0] if call.args else None
        asked = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        is_lookup = first is not None and name in _LOOKUPS
        if is_lookup and asked:
            self._names.append(asked)
        elif owner is not None:
            self._reach(owner)
        is_asked = (is_lookup and not asked) or (bool(asked) and name not in _WRAPPERS and _is_name(asked, name))
        self._reach_all(call.args[is_asked:])
        self._reach_all(keyword.value for keyword in call.keywords)


def is_key(text: str) -> bool:
    """Return whether a text looks like a key that dbt Cloud has given out, rather than like one to be filled in."""
    if _REAL_KEY.fullmatch(text):
        return len(set(text)) > 8
    return len(text) >= _SHORTEST_KEY and is_mixed(text) and not _PLACEHOLDER.search(text)


def is_mixed(text: str) -> bool:
    """Return whether a text has letters and digits, as keys do and words do not."""
    return any(one.isdigit() for one in text) and any(one.isalpha() for one in text)


def text_of(node: ast.Constant) -> str:
    """The text of a string or of bytes; empty for any other constant."""
    value = node.value
    return value if isinstance(value, str) else value.decode("latin-1") if isinstance(value, bytes) else ""


def _is_harmless(key: ast.expr) -> bool:
    return isinstance(key, ast.Constant) and key.value in _HARMLESS


def _is_name(text: str, function: str) -> bool:
    """Return whether a text is rather the name of a secret, as in ``config("DBT_KEY")``, than one."""
    is_secret = is_key(text) if function in _LOOKUPS else is_mixed(text)
    return not is_secret or _VARIABLE.fullmatch(text) is not None


def _names_key(name: str) -> bool:
    return _NAMES_KEY.search(name) is not None and not _NAMES_PLACE.search(name)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _joined(node: ast.expr) -> Iterator[str]:
    """The texts that neighbours of a sum or of an f-string make together."""
    run = ""
    for part in _pieces(node):
        text = text_of(part) if isinstance(part, ast.Constant) else ""
        if not text and run:
            yield run
        run = run + text if text else ""
    if run:
        yield run


def _pieces(node: ast.expr) -> Sequence[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_pieces(node.left), *_pieces(node.right)]
    if isinstance(node, ast.JoinedStr):
        inner = (part.value if isinstance(part, ast.FormattedValue) else part for part in node.values)
        return [piece for part in inner for piece in _pieces(part)]
    return [node]
