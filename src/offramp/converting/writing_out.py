"""Writes out in a file what wrappers and other modules of the project say of its DAGs; it is converted then.

The calls of functions and classes that come to one operator become the operator's; DAGs, loops and ids get the values
of constants that other modules have; callables of other modules get a function of the file that calls them. What is
not understood stays as it is, for the conversion to refuse.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from keyword import iskeyword

from offramp.converting.caller_text import Called, caller_text, doubts_of, parameters_given
from offramp.converting.transplants import Destination, NotMovedError, Place, moved, moved_value
from offramp.converting.wrappers import Operator, Wrapper, operator_of, wrapper_of
from offramp.editing.edits import apply, between
from offramp.editing.imports import import_edits
from offramp.editing.layout import comments_in
from offramp.editing.text import expression_text, unparsed
from offramp.finding.only_read import only_reads
from offramp.finding.operators import Module, module_of
from offramp.finding.other_modules import Written
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Blocked, Blocker, Edit, Refusal, Span
from offramp.python.names import ANY_ATTRIBUTE, FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Items, Local, Made, Reference, Table
from offramp.reading.source import Source, SourceError
from offramp.record import NamedTuple

_MAKERS = ("DAG", "dag", "TaskGroup", "task_group")
_MOST_STEPS = 3
_IDS = frozenset({"task_id", "group_id", "default_args"})


class WrittenOut(NamedTuple):
    """A file in which all is written out that can be, and the edits that made it, step by step.

    ``refusals`` say why calls are as they were, and ``doubts`` why what is written out may do something else.
    """

    source: Source
    steps: tuple[tuple[Edit, ...], ...] = ()
    refusals: tuple[Refusal, ...] = ()
    doubts: tuple[str, ...] = ()

    def origin(self, span: Span) -> Span:
        """The span of the file itself that one of the file with all written out comes from."""
        for edits in reversed(self.steps):
            span = Span(_origin(edits, span.start, end=False), _origin(edits, span.end, end=True))
        return span

    def edits_of(self, source: Source, edits: Sequence[Edit]) -> tuple[Edit, ...]:
        """The edits of the file itself that come to some of the file with all written out."""
        if not self.steps:
            return tuple(edits)
        new = [one._replace(text=one.text.replace("\n", source.newline)) for one in edits]
        found = between(source.utf8, apply(self.source.utf8, new))
        return tuple(one._replace(text=one.text.replace("\r\n", "\n")) for one in found)


def _origin(edits: Sequence[Edit], offset: int, *, end: bool) -> int:
    """The offset that one comes from in the text that some edits, in order, were made to."""
    moved = 0
    for edit in edits:
        start = edit.span.start + moved
        length = len(edit.text.encode())
        if offset < start or (offset == start and not end):
            break
        if offset <= start + length - (not end):
            return edit.span.end if end else edit.span.start
        moved += length - (edit.span.end - edit.span.start)
    return offset - moved


def written_out(source: Source, rulebook: Rulebook) -> WrittenOut:
    """A file of DAGs with all written out that can be; what one step writes may have more in it for the next."""
    found = WrittenOut(source)
    for _ in range(_MOST_STEPS):
        module = module_of(found.source, rulebook)
        writing = _Writing(module, found.source)
        try:
            edits = writing.edits()
            made = Source(source.path, found.source.encoded(apply(found.source.utf8, edits))) if edits else None
        except (Blocked, SourceError, ValueError):
            # The file is converted, or refused, as it stands.
            made = None
        spans = ((one.reason, found.source.positions.span(one.node)) for one in writing.problems)
        refusals = tuple(Refusal(reason, found.origin(span)) for reason, span in spans)
        found = found._replace(refusals=refusals, doubts=(*found.doubts, *writing.doubts))
        if made is None:
            break
        module_of(made, rulebook, module.others)
        found = found._replace(source=made, steps=(*found.steps, tuple(sorted(edits))))
    return found


class _Writing:
    """The edits of one file."""

    def __init__(self, module: Module, source: Source) -> None:
        self.module = module
        self.source = source
        self.destination = Destination(module)
        self.problems: list[Blocker] = []
        self.doubts: list[str] = []
        self._edits: dict[ast.AST, str] = {}
        # The functions that are put before statements, by the offsets of these.
        self._callers: dict[int, dict[str, str]] = {}

    def edits(self) -> list[Edit]:
        """All edits, of which none lies in another. Raises Blocked."""
        self._write_calls()
        if self.module.others is not None:
            self._write_values()
            self._write_objects()
            self._write_callables()
        if not self._edits:
            return []
        found = [Edit(self.source.positions.span(node), text) for node, text in self._edits.items()]
        outer = [one for one in found if not any(_holds(other.span, one.span) for other in found)]
        outer += self._without_wrappers()
        for start, callers in self._callers.items():
            before = self.source.utf8[:start].replace(b"\r", b"")
            blank = 3 - min(3, len(before) - len(before.rstrip(b"\n"))) if before.strip() else 0
            outer.append(Edit(Span(start, start), "\n" * blank + "".join(f"{one}\n\n" for one in callers.values())))
        needed = frozenset(self.destination.needed)
        called = (text for one in self._callers.values() for text in one.values())
        reads = frozenset(name for text in (*self._edits.values(), *called) for name in _names(text))
        outer += import_edits(self.module, self.source, outer, needed, leaves_airflow=False, reads=reads)
        return [one._replace(text=one.text.replace("\n", self.source.newline)) for one in outer]

    # -- calls of wrappers ---------------------------------------------------------

    def _write_calls(self) -> None:
        derived = {use.call for use in (*self.module.uses, *self.module.shell_uses) if use.derived is not None}
        for call in self.module.names.calls:
            wrapper = wrapper_of(self.module, call)
            if wrapper is None or not self._is_made_here(call):
                continue
            needed = set(self.destination.needed)
            try:
                operator = operator_of(self.module, call, wrapper, self.destination)
                self._check_taken_away(call.func, wrapper)
                self._edits[call] = self._operator_text(call, operator)
            except NotMovedError as error:
                self.destination.needed = needed
                if call in derived or wrapper.module is not self.module:
                    self.problems.append(Blocker(f"`{wrapper.node.name}` {error}", call.func))

    def _check_taken_away(self, callee: ast.expr, wrapper: Wrapper) -> None:
        """Raise NotMovedError where the flow, which does not import the wrapper's module, would miss what that does."""
        others = self.module.others
        if wrapper.module is not self.module and (others is None or not others.only_defines(self._path(callee))):
            raise NotMovedError("is of a module that does more than define, or imports one that does")

    def _is_made_here(self, call: ast.Call) -> bool:
        """Return whether a call stands in code that builds DAGs, and is no wrapper's own."""
        function = self.module.names.enclosing_function(call)
        return function is None or self.module.dags.decorated(function, _MAKERS) is not None

    def _operator_text(self, call: ast.Call, operator: Operator) -> str:
        if comments_in(self.source, self.source.positions.span(call)):
            raise NotMovedError("has a comment in its call")
        callee = self.destination.imported(operator.path)
        arguments = [f"{name}={self._text(node)}" for name, node in operator.arguments.items()]
        return f"{ast.unparse(callee)}({', '.join(arguments)})"

    def _text(self, node: ast.expr) -> str:
        """The text of an expression, its own where it stands in the file."""
        if node in self.module.names.parents:
            return expression_text(self.source, node)
        return unparsed(node)

    def _without_wrappers(self) -> Iterator[Edit]:
        """The edits that take wrappers out of the file of which no call is left, with what only they use."""
        gone: set[ast.AST] = set()
        left = [one for one in self.module.tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef)]
        while found := [one for one in left if one not in gone and self._is_written_out(one, gone)]:
            gone.update(found)
        positions = self.source.positions
        for statement in (one for one in left if one in gone):
            last = statement.end_lineno or statement.lineno
            while last < positions.rows() and not positions.line(last + 1).strip():
                last += 1
            end = positions.offset(last + 1, 0) if last < positions.rows() else len(self.source.utf8)
            yield Edit(Span(positions.offset(statement.lineno, 0), end), "")

    def _is_written_out(self, wrapper: ast.FunctionDef | ast.ClassDef, gone: set[ast.AST]) -> bool:
        """Return whether a wrapper has uses, all of which are calls that are written out, or stand in what goes."""
        names = self.module.names
        bindings = [one for one in names.bindings_of(wrapper) if one.kind in ("function", "class")]
        uses = [use for one in bindings for use in names.uses(one)]
        return (
            bool(uses)
            and not wrapper.decorator_list
            and all(names.parents.get(use) in self._edits or not gone.isdisjoint(names.ancestors(use)) for use in uses)
        )

    # -- values of other modules -----------------------------------------------------

    def _write_values(self) -> None:
        for node in self._structural():
            for part in walk(node):
                if isinstance(part, ast.Name | ast.Attribute) and isinstance(part.ctx, ast.Load):
                    self._write_value(part)

    def _structural(self) -> Iterator[ast.expr]:
        """The expressions that say which tasks a DAG has, in code that builds DAGs."""
        for node in walk(self.module.tree):
            if not isinstance(node, ast.Call | ast.For | ast.comprehension | ast.If | ast.Assign | ast.Dict):
                continue
            place = node.iter if isinstance(node, ast.comprehension) else node
            function = self.module.names.enclosing_function(place)
            if function is None or self.module.dags.decorated(function, _MAKERS) is not None:
                yield from self._parts(node)

    def _parts(self, node: ast.AST) -> Iterator[ast.expr]:
        if isinstance(node, ast.For | ast.comprehension):
            yield node.iter
        elif isinstance(node, ast.If):
            yield node.test
        elif isinstance(node, ast.Dict):
            yield from (value for key, value in zip(node.keys, node.values, strict=True) if key is None)
        elif isinstance(node, ast.Assign):
            if isinstance(self.module.values.single(node.value), Table):
                yield node.value
        elif isinstance(node, ast.Call):
            makes = any(self.module.dags.section(one) in _MAKERS for one in self.module.values.evaluate(node.func))
            yield from node.args if makes else ()
            for keyword in node.keywords:
                if makes or keyword.arg in _IDS or (keyword.arg or "").endswith("conn_id") or keyword.arg is None:
                    yield keyword.value

    def _write_value(self, node: ast.Name | ast.Attribute) -> None:
        path = self._path(node)
        others = self.module.others
        if not path or others is None or not self.module.is_known_elsewhere(path):
            return
        found = others.written(path)
        if found is not None and isinstance(found.value, Constant | Items | Table) and others.only_defines(path):
            self._write_moved(node, found)

    def _write_objects(self) -> None:
        """Write out the configurations and paths of other modules that operators, groups and DAGs are given."""
        known = self.module.values.libraries.harmless
        for call in self.module.names.calls:
            path = self.module.values.path(call.func)
            if path.partition(".")[0] in known and self._is_made_here(call):
                given = (*call.args, *(keyword.value for keyword in call.keywords))
                for node in (part for one in given for part in walk(one)):
                    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                        self._write_object(node)

    def _write_object(self, node: ast.expr) -> None:
        path, others = self._path(node), self.module.others
        found = others.written(path) if path and others is not None and others.only_defines(path) else None
        made = found.value if found is not None else None
        if found is not None and isinstance(made, Made) and only_reads(self.module, path.rpartition(".")[2], (made,)):
            self._write_moved(node, found)

    def _write_moved(self, node: ast.expr, found: Written) -> None:
        """Write in place of an expression what stands in another module, if that can be moved."""
        needed = set(self.destination.needed)
        place, value = Place(found.module, None, {}, None, []), found.value
        try:
            if isinstance(value, Made):
                written = moved(value.call, place, self.destination)
            else:
                written = moved_value(value, place, self.destination)
            self._edits[node] = unparsed(written)
        except NotMovedError:
            # The judge of whatever needs the value says that it is not known.
            self.destination.needed = needed

    # -- callables of other modules ---------------------------------------------------

    def _write_callables(self) -> None:
        for call in self.module.names.calls:
            callables = [keyword.value for keyword in call.keywords if keyword.arg == "python_callable"]
            found = self._function(callables[0]) if callables and self._is_made_here(call) else None
            if found is None or not self._runs_python(call):
                continue
            try:
                self._write_caller(call, callables[0], found)
            except NotMovedError as error:
                self.problems.append(Blocker(f"the callable `{ast.unparse(callables[0])}` {error}", callables[0]))

    def _function(self, node: ast.expr) -> Called | None:
        """The function of another module that a callable is."""
        path, others = self._path(node), self.module.others
        if not path or others is None or {path.rpartition(".")[2], ANY_ATTRIBUTE} & self.module.names.stores.keys():
            return None
        found = others.written(path)
        local = found.value.node if found is not None and isinstance(found.value, Local) else None
        return Called(found.module, local) if found is not None and isinstance(local, FunctionNode) else None

    def _runs_python(self, call: ast.Call) -> bool:
        sections = {self.module.dags.section(one) for one in self.module.values.evaluate(call.func)}
        kinds = {self.module.rulebook.notes[one].kind if one else "" for one in sections}
        return kinds <= {"python", "short-circuit"}

    def _write_caller(self, call: ast.Call, callee: ast.expr, called: Called) -> None:
        function = called.function
        arguments = self.module.values.arguments(call)
        given = parameters_given(arguments, function)
        doubts = doubts_of(called)
        known = arguments.given.get("task_id")
        name = self._free_name(str(known.constant.value) if known and known.constant else "", function.name)
        text = caller_text(name, expression_text(self.source, callee), function, given)
        *_, top = self.module.names.ancestors(call)
        assert isinstance(top, ast.stmt)
        first = min([top.lineno, *(one.lineno for one in getattr(top, "decorator_list", ()))])
        self._callers.setdefault(self.source.positions.offset(first, 0), {})[name] = text
        self._edits[callee] = name
        self.doubts += doubts

    def _free_name(self, task_id: str, function: str) -> str:
        """A name for a function that calls another one, by its task where that can be."""
        names = self.module.names
        taken = {name for scope in names.scopes.values() for name in scope.bindings} | names.loads.keys()
        taken |= {name for callers in self._callers.values() for name in callers} | {*dir(builtins)}
        plain = re.sub(r"\W", "_", task_id)
        for name in (plain, f"{plain}_task", f"run_{function}", f"call_{function}"):
            if name.isidentifier() and not iskeyword(name) and name not in taken:
                return name
        raise NotMovedError("is called by a function that finds no name")

    def _path(self, node: ast.expr) -> str:
        """The dotted path that a name, or an attribute of a module, was imported by; empty for all else."""
        if isinstance(node, ast.Attribute):
            owner = self.module.values.single(node.value)
            return f"{owner.path}.{node.attr}" if isinstance(owner, Reference) else ""
        bindings = self.module.names.lookup(node.id, node) if isinstance(node, ast.Name) else []
        if len(bindings) != 1 or not isinstance(node, ast.Name):
            return ""
        if bindings[0].kind == "star":
            return f"{bindings[0].target}.{node.id}"
        return bindings[0].target if bindings[0].kind == "import" else ""


def _names(code: str) -> Iterator[str]:
    """The names that code reads."""
    return (part.id for part in walk(ast.parse(code)) if isinstance(part, ast.Name))


def _holds(outer: Span, inner: Span) -> bool:
    return outer != inner and outer.start <= inner.start and inner.end <= outer.end
