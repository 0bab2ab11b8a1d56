"""Callables that pull other tasks' results from Airflow's context, as functions that take them as parameters."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable

from offramp.converting.cases.template_fields import FROM_CONTEXT
from offramp.dags.graph import Task
from offramp.editing.edits import overlap
from offramp.finding.operators import Module
from offramp.model import Edit, Span
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant
from offramp.reading.source import Source
from offramp.record import NamedTuple

_INSTANCES = ("ti", "task_instance")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Pulls(NamedTuple):
    """All that a callable pulls.

    ``sources`` maps each new parameter to the task whose result it takes, ``texts`` to the
    name in Airflow's context whose text it takes; ``replaced`` names the parameters that
    only served to pull; ``edits`` rewrite the function accordingly.
    """

    sources: dict[str, Task]
    texts: tuple[str, ...]
    replaced: frozenset[str]
    edits: tuple[Edit, ...]


NO_PULLS = Pulls({}, (), frozenset(), ())


class Pull(NamedTuple):
    """All that a template pulls: the task's id, the key, and the DAG's id where one is named."""

    task: str
    key: str
    dag: str


def pulled_by(expression: str) -> Pull | None:
    """The ``ti.xcom_pull(…)`` that a template's expression is, if all of it is known."""
    try:
        call = ast.parse(expression.strip(), mode="eval").body
        given = {
            keyword.arg: ast.literal_eval(keyword.value)
            for keyword in (call.keywords if isinstance(call, ast.Call) else ())
        }
        if not isinstance(call, ast.Call) or ast.unparse(call.func) not in {f"{one}.xcom_pull" for one in _INSTANCES}:
            return None
        given.update(zip(("task_ids", "dag_id", "key"), map(ast.literal_eval, call.args), strict=False))
    except (SyntaxError, ValueError):
        return None
    pull = Pull(given.pop("task_ids", ""), given.pop("key", "return_value"), given.pop("dag_id", ""))
    whole = not given and len(call.args) <= 3 and all(isinstance(part, str) for part in pull)
    return pull if whole and pull.task else None


def pulls(module: Module, source: Source, task: Task, lasts: Callable[[Task], bool]) -> Pulls | None:
    """The pulls of a task's callable, when its context serves nothing else; None otherwise.

    A pull is ``ti.xcom_pull(task_ids="…")`` or ``context["ti"].xcom_pull("…")`` of the
    return value of one task of the same DAG, or ``context["ds"]``. ``lasts`` tells the
    tasks whose result nothing can change: every other pull gives a copy of it.
    """
    function = task.function
    if not isinstance(function, ast.FunctionDef) or function.col_offset:
        return None
    names = _context_names(task, function)
    used = _used(module, task, function, names)
    if used is None or not (used.calls or used.texts):
        return None
    sources = list(used.calls.values())
    for call, upstream in used.calls.items():
        again = sources.count(upstream) > 1 or _runs_again(module, call, function)
        if again and not lasts(upstream):
            return None
    if not _takes_more(task, function, frozenset(used.texts.values())):
        return None
    return _rewritten(source, function, used, names)


class _Used(NamedTuple):
    """The uses of Airflow's context in a callable: calls that pull a task's result, texts that it takes by name."""

    calls: dict[ast.Call, Task]
    texts: dict[ast.expr, str]


def _context_names(task: Task, function: ast.FunctionDef) -> frozenset[str]:
    """The parameters of a callable that Airflow's context fills."""
    own = function.args
    names = {parameter.arg for parameter in (*own.args, *own.kwonlyargs) if parameter.arg in _INSTANCES}
    names -= set(task.keywords) | {parameter.arg for parameter in own.args[: len(task.positional)]}
    return frozenset(names | {own.kwarg.arg} if own.kwarg is not None else names)


def _used(module: Module, task: Task, function: ast.FunctionDef, names: frozenset[str]) -> _Used | None:
    """All that a callable uses of Airflow's context; None where that is more than pulls and texts."""
    used = _Used({}, {})
    keywords = function.args.kwarg.arg if function.args.kwarg is not None else ""
    scope = module.names.scopes[function]
    for name in walk(function):
        if not isinstance(name, ast.Name) or name.id not in names:
            continue
        if any(binding.scope is not scope for binding in module.names.lookup(name.id, name)):
            return None
        text = _text(module, name, keywords)
        if text is not None:
            used.texts[text] = str(ast.literal_eval(text.slice))
            continue
        call = _pull(module, name, keywords)
        upstream = _pulled(module, call, task) if call is not None else None
        if call is None or upstream is None:
            return None
        used.calls[call] = upstream
    return used


def _names_in(function: ast.FunctionDef) -> set[str]:
    """The names that a callable uses, and those of its parameters."""
    own = function.args
    names = {node.id for node in walk(function) if isinstance(node, ast.Name)}
    return names | {parameter.arg for parameter in (*own.args, *own.kwonlyargs, *own.posonlyargs)}


def _takes_more(task: Task, function: ast.FunctionDef, texts: frozenset[str]) -> bool:
    """Return whether a callable can have parameters of these names, and others instead of its keywords."""
    own = function.args
    if not texts.isdisjoint(_names_in(function)) or not texts.isdisjoint(task.keywords):
        return False
    return own.kwarg is None or task.keywords.keys() <= {one.arg for one in (*own.args, *own.kwonlyargs)}


def _rewritten(source: Source, function: ast.FunctionDef, used: _Used, replaced: frozenset[str]) -> Pulls | None:
    """A callable with parameters for all that it uses; None where it cannot be edited."""
    taken = _names_in(function)
    sources: dict[str, Task] = {}
    parameter_of: dict[Task, str] = {}
    for upstream in dict.fromkeys(used.calls.values()):
        base = re.sub(r"\W", "_", upstream.id)
        name = f"{base}_result" if base[0].isalpha() else f"task_{base}_result"
        while name in taken:
            name += "_"
        taken.add(name)
        sources[name], parameter_of[upstream] = upstream, name
    added = tuple(dict.fromkeys(used.texts.values()))
    header = _header(source, function, [*sources, *added], replaced)
    if header is None:
        return None
    named: dict[ast.expr, str] = {call: parameter_of[upstream] for call, upstream in used.calls.items()}
    named.update(used.texts)
    edits = [Edit(source.positions.span(node), name) for node, name in named.items()]
    if overlap(edits) or not all(_is_at(source, node) for node in named):
        return None
    return Pulls(sources, added, replaced, (header, *edits))


def _runs_again(module: Module, node: ast.AST, function: FunctionNode) -> bool:
    """Return whether one call of a function may evaluate a node in it more than once."""
    inner = node
    for outer in module.names.ancestors(node):
        if outer is function:
            break
        if isinstance(outer, FunctionNode | ast.Lambda | ast.While):
            return True
        if isinstance(outer, ast.For | ast.AsyncFor) and inner is not outer.iter:
            return True
        if isinstance(outer, ast.comprehension):
            first = getattr(module.names.parents[outer], "generators", [None])[0]
            if outer is not first or inner is not outer.iter:
                return True
        elif isinstance(outer, _COMPREHENSIONS) and not isinstance(inner, ast.comprehension):
            return True
        inner = outer
    return False


def _is_at(source: Source, node: ast.expr) -> bool:
    """Return whether a node is where it says: before Python 3.12 those in f-strings may not be."""
    try:
        there = ast.parse(f"({source.segment(source.positions.span(node))})", mode="eval")
    except SyntaxError:
        return False
    return ast.dump(there.body) == ast.dump(node)


def _text(module: Module, name: ast.Name, keywords: str) -> ast.Subscript | None:
    """The ``context["ds"]`` that a context name is used for."""
    parent = module.names.parents[name]
    if name.id != keywords or not isinstance(parent, ast.Subscript) or not isinstance(parent.ctx, ast.Load):
        return None
    key = parent.slice
    return parent if isinstance(key, ast.Constant) and key.value in FROM_CONTEXT else None


def _pull(module: Module, name: ast.Name, keywords: str) -> ast.Call | None:
    """The ``xcom_pull`` call that a context name is used for."""
    node: ast.AST = name
    parent = module.names.parents[node]
    if name.id == keywords:
        if not isinstance(parent, ast.Subscript) or parent.value is not node:
            return None
        key = parent.slice
        if not (isinstance(key, ast.Constant) and key.value in _INSTANCES):
            return None
        node, parent = parent, module.names.parents[parent]
    if not isinstance(parent, ast.Attribute) or parent.attr != "xcom_pull":
        return None
    call = module.names.parents[parent]
    return call if isinstance(call, ast.Call) and call.func is parent else None


def _pulled(module: Module, call: ast.Call, task: Task) -> Task | None:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if len(call.args) == 1 and "task_ids" not in given:
        given["task_ids"] = call.args[0]
    elif call.args:
        return None
    key = given.pop("key", None)
    if set(given) != {"task_ids"} or (key is not None and module.values.single(key) != Constant("return_value")):
        return None
    known = module.values.single(given["task_ids"])
    return task.dag.tasks.get(known.value) if isinstance(known, Constant) and isinstance(known.value, str) else None


def _header(source: Source, function: ast.FunctionDef, added: list[str], replaced: frozenset[str]) -> Edit | None:
    """The edit of a function's parameter list; None where it holds comments."""
    own = function.args
    kept = ast.arguments(
        posonlyargs=own.posonlyargs,
        args=[parameter for parameter in own.args if parameter.arg not in replaced],
        vararg=own.vararg,
        kwonlyargs=[parameter for parameter in own.kwonlyargs if parameter.arg not in replaced],
        kw_defaults=[
            default
            for parameter, default in zip(own.kwonlyargs, own.kw_defaults, strict=True)
            if parameter.arg not in replaced
        ],
        kwarg=None if own.kwarg is not None and own.kwarg.arg in replaced else own.kwarg,
        defaults=_defaults(own, replaced),
    )
    if kept.vararg is None and not kept.kwonlyargs and not kept.defaults:
        kept.args = [*kept.args, *(ast.arg(name) for name in added)]
    else:
        kept.kwonlyargs = [*kept.kwonlyargs, *(ast.arg(name) for name in added)]
        kept.kw_defaults = [*kept.kw_defaults, *(None for _ in added)]
    span = _parentheses(source, function)
    return None if span is None else Edit(span, f"({ast.unparse(kept)})")


def _defaults(own: ast.arguments, replaced: frozenset[str]) -> list[ast.expr]:
    plain = [*own.posonlyargs, *own.args]
    with_default = plain[len(plain) - len(own.defaults) :] if own.defaults else []
    return [
        default for parameter, default in zip(with_default, own.defaults, strict=True) if parameter.arg not in replaced
    ]


def _parentheses(source: Source, function: FunctionNode) -> Span | None:
    import tokenize  # slow to load, and few callables pull

    positions = source.positions
    start = positions.offset(function.lineno, 0)
    text = source.utf8[start : positions.span(function).end].decode("utf-8", "replace")
    depth = 0
    opened = 0
    for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
        if token.type == tokenize.COMMENT:
            return None
        if token.string not in ("(", ")") or token.type != tokenize.OP:
            continue
        row, column = token.start
        lines = text.splitlines(keepends=True)
        offset = len("".join([*lines[: row - 1], lines[row - 1][:column]]).encode())
        if token.string == "(":
            opened = offset if depth == 0 else opened
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return Span(start + opened, start + offset + 1)
    return None
