"""The templates of notes, filled with the arguments of a task: which one holds, and the text of each slot."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from offramp.converting.argument_text import harmless
from offramp.converting.recipes.body import Body, Job, absent_text, block_of
from offramp.dags.graph import Argument, Result
from offramp.editing.text import INDENT, operand, repr_text
from offramp.finding.written_texts import texts_of
from offramp.model import ArgumentRow, Blocked, Note
from offramp.python.nodes import walk
from offramp.python.values import Constant, Items, Table

if TYPE_CHECKING:
    from offramp.knowledge.rewrites import Template

_VERSION = r"\d+\.\d+"


def template_names(note: Note, rows: Mapping[str, ArgumentRow]) -> set[str]:
    """The names that the code of a note's templates imports."""
    from offramp.knowledge.rewrites import named_block, templates

    names = {name for template in templates(note.fields["rewrite"]) for _, name in template.imports}
    return names | {block.path.rpartition(".")[2] for row in rows.values() if (block := named_block(row))}


def choosing(note: Note) -> set[str]:
    """The arguments that choose between a note's templates."""
    from offramp.knowledge.rewrites import templates

    return {one.argument for template in templates(note.fields["rewrite"]) for one in template.conditions}


def compared(job: Job, note: Note) -> None:
    """Doubts a rewrite that its note does not say to have been compared, or says to be unsafe."""
    from offramp.knowledge.rewrites import always_unsafe

    doubts = job.expressions.doubts
    if not re.search(_VERSION, note.fields.get("compared", "")):
        doubts[f"nobody has compared what `{note.operator}` does with what its note makes of it"] = job.task.node
    for reason in always_unsafe(note.fields["rewrite"]):
        doubts[f"`{note.operator}`: {reason}"] = job.task.node
    for row, argument in job.call.values():
        if row.note.startswith("unsafe:") and not harmless(job.expressions.constant(argument), row, argument.node):
            doubts[f"`{row.name}`: {row.note.removeprefix('unsafe:').strip()}"] = argument.node


def packages(note: Note) -> tuple[str, ...]:
    """The packages that a note's code needs."""
    lines = note.fields.get("prefect_package", "").splitlines()
    return tuple(package for line in lines if (package := line.strip().removeprefix("- ").strip("`")))


def check_result(job: Job, note: Note) -> None:
    """Blocked where another task takes a result that the note does not say to be Airflow's."""
    if not job.consumed:
        return
    returns = note.fields.get("returns", "").split("\n")[0].strip()
    if returns == "value":
        reason = f"what `{note.operator}` gives is handed on as it is; Airflow hands on what JSON keeps of it"
        job.expressions.doubts[reason] = job.task.node
    elif returns == "none":
        raise Blocked("another task takes the result, and there is none", job.task.node)
    elif returns != "run id":
        raise Blocked("another task takes the result, which the note's template does not tell", job.task.node)
    elif not _only_run_ids(job):
        raise Blocked("another task takes the result for something else than the id of a run", job.task.node)


def _only_run_ids(job: Job) -> bool:
    taken = [
        (name, task)
        for task in job.task.dag.tasks.values()
        for name, result in (*((None, one) for one in task.taken), *task.results.items())
        if result.task is job.task
    ]
    named = [task for name, task in taken if name == "run_id"]
    return bool(named) and len(taken) == 2 * len(named)


class Filling:
    """Fills the slots of a task's template, and knows what that takes: parameters, imports."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.note = job.expressions.module.rulebook.notes[job.task.kind]
        self.parameters: dict[str, Result] = {}
        self.imports: set[tuple[str, str]] = set()
        self.used: set[str] = set()
        self.is_async = False
        self.templated = frozenset(re.findall(r"\w+", self.note.fields.get("templates", "")))

    # -- choosing ----------------------------------------------------------------

    def chosen(self) -> Template:
        """The first template that is for these arguments. Raises Blocked."""
        from offramp.knowledge.rewrites import templates

        found = templates(self.note.fields["rewrite"])
        if not found:
            raise Blocked("the note's rewrite has no template", self.job.task.node)
        check_result(self.job, self.note)
        for template in found:
            if all(self._holds(*condition) for condition in template.conditions):
                return template
        raise Blocked("none of the note's templates is for these arguments", self.job.task.node)

    def finished(self, lines: Sequence[str], **more: Any) -> Body:
        """The body that the lines are. Raises Blocked where something that is given would be lost."""
        self.check_used()
        self._check_texts()
        compared(self.job, self.note)
        self._check_names(lines)
        given = (self.parameters, self.is_async, frozenset(self.imports))
        return Body(tuple(lines), *given, packages=packages(self.note), **more)

    def _holds(self, name: str, sign: str, wanted: str) -> bool:
        self.used.add(name)
        if wanted == "any":
            return True
        if name in self.job.results:
            raise Blocked(f"`{name}` from another task's result decides what is written", self.job.results[name].node)
        argument = self.given(name)
        if sign == ":":
            return argument is not None and wanted in self._types(name, argument)
        return (wanted == self._constant(name, argument)) is (sign == "=")

    def _constant(self, name: str, argument: Argument | None) -> str:
        """The value of an argument as conditions have it: its text, nothing for None."""
        if argument is None:
            row = self.job.rows.get(name)
            return row.when_absent if row is not None else ""
        known = self.job.expressions.constant(argument)
        if known is not None:
            return "" if known.value is None else str(known.value)
        if argument.node in self.job.expressions.rendered or self._is_container(argument.node):
            return ast.unparse(argument.node)
        raise Blocked(f"`{name}` is not known here, and decides what is written", argument.node)

    def _is_container(self, node: ast.expr) -> bool:
        return isinstance(self.job.expressions.module.values.single(node), Table | Items)

    def _types(self, name: str, argument: Argument) -> set[str]:
        """The types of an argument's value; a dict of nothing but texts and numbers is ``plain`` as well."""
        expressions = self.job.expressions
        known = expressions.constant(argument)
        if known is not None:
            return {type(known.value).__name__}
        value = expressions.module.values.single(argument.node)
        if isinstance(value, Table):
            nodes = value.entries.values() if value.complete else [None]
            plain = all(node is not None and self._is_plain(argument._replace(node=node)) for node in nodes)
            return {"dict", "plain"} if plain else {"dict"}
        if isinstance(value, Items):
            return {"list"}
        if argument.node in expressions.rendered:
            return {"str"}
        raise Blocked(f"`{name}` is not known here, and decides what is written", argument.node)

    def _is_plain(self, entry: Argument) -> bool:
        known = self.job.expressions.constant(entry)
        if known is None:
            return entry.node in self.job.expressions.rendered
        return type(known.value) in (str, int, float)

    def given(self, name: str) -> Argument | None:
        """An argument that is given in the code."""
        return self.job.call[name][1] if name in self.job.call else self.job.task.arguments.get(name)

    def is_absent(self, name: str) -> bool:
        """Return whether an argument is not given, or None, and has no default in its row."""
        if name in self.job.results:
            return False
        argument = self.given(name)
        if argument is not None:
            return self.job.expressions.constant(argument) == Constant(None)
        row = self.job.rows.get(name)
        return row is None or not row.when_absent

    # -- filling -----------------------------------------------------------------

    def value(self, name: str, form: str) -> str:
        """The text of a slot. Raises Blocked."""
        if name == "task":
            return repr_text(self.job.task.id)
        if form == ":text":
            return self._letters(name)
        row = self.job.rows.get(name)
        block = self._block(name, row) if row is not None else ""
        if block:
            return block
        if name in self.job.results or self.given(name) is not None:
            return operand(self.written(name))
        if row is None or not row.when_absent:
            raise Blocked(f"no `{name}` is given, which the note's template needs", self.job.task.node)
        return absent_text(row)

    def written(self, name: str) -> str:
        """The text of an argument that is given or comes from another task. Raises Blocked."""
        self.used.add(name)
        if name in self.job.results:
            self.parameters[name] = self.job.results[name]
            return name
        argument = self.given(name)
        assert argument is not None
        return self.job.expressions.text(argument, template=name in self.templated)

    def _letters(self, name: str) -> str:
        """The letters of a string that is known, as they stand between double quotes."""
        self.used.add(name)
        argument = self.given(name)
        known = self.job.expressions.constant(argument) if argument is not None else None
        if known is None or not isinstance(known.value, str) or set(known.value) & set("'\\\"{}"):
            raise Blocked(f"`{name}` is not known here, or no plain text", self.job.task.node)
        return known.value

    def _block(self, name: str, row: ArgumentRow) -> str:
        """The block that an argument names, loaded; empty for rows that lead to none."""
        from offramp.knowledge.rewrites import named_block

        block = named_block(row)
        if block is None:
            return ""
        self.used.add(name)
        argument = self.given(name)
        known = self.job.expressions.constant(argument) if argument is not None else Constant(row.when_absent or None)
        if known is None or not isinstance(known.value, str):
            raise Blocked("the connection is not known here", argument.node if argument else self.job.task.node)
        if argument is not None:
            self.job.expressions.no_template(known.value, argument.node)
        kind = row.target.removeprefix("block: ")
        loaded = block_of(self.job.expressions, self.job.options.blocks, kind, known.value, self.job.task.node)
        module, _, own = block.path.rpartition(".")
        self.imports.add((module, own))
        return f"await {own}.aload({repr_text(loaded)})" if self.is_async else f"{own}.load({repr_text(loaded)})"

    # -- checks ------------------------------------------------------------------

    def check_used(self) -> None:
        """Nothing that is given may be lost."""
        given: dict[str, ast.AST] = {name: argument.node for name, (_, argument) in self.job.call.items()}
        given.update({name: result.node for name, result in self.job.results.items()})
        for name, node in given.items():
            if name not in self.used:
                target = self.job.rows[name].target if name in self.job.rows else name
                raise Blocked(f"`{name}` becomes `{target}`, which the note's template does not write", node)

    def _check_texts(self) -> None:
        """Blocked for an argument with a text that the note refuses."""
        from offramp.knowledge.rewrites import refused_texts

        values = self.job.expressions.module.values
        for name, refused, reason in refused_texts(self.note.fields["rewrite"]):
            argument = self.given(name)
            if argument is not None and any(refused in text for text in texts_of(values, argument.node)):
                raise Blocked(f"`{name}`: {reason}", argument.node)

    def is_empty(self, name: str) -> bool:
        """Return whether an argument is known to be an empty list or dict."""
        argument = self.given(name)
        value = self.job.expressions.module.values.single(argument.node) if argument is not None else None
        parts = value.nodes if isinstance(value, Items) else value.entries if isinstance(value, Table) else (value,)
        return isinstance(value, Items | Table) and value.complete and not parts

    def is_container(self, name: str) -> bool:
        """Return whether an argument is known to be a list or a dict."""
        argument = self.given(name)
        return argument is not None and self._is_container(argument.node)

    def _check_names(self, lines: Sequence[str]) -> None:
        text = "\n".join(["async def f():", *(INDENT + line for line in lines)])
        try:
            tree = ast.parse(text)
        except SyntaxError:
            raise Blocked("the template of the note does not give Python here", self.job.task.node) from None
        self.is_async = any(isinstance(node, ast.Await | ast.AsyncWith | ast.AsyncFor) for node in walk(tree))
        stored = {node.id for node in walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        if taken := stored & self.parameters.keys():
            raise Blocked(f"`{min(taken)}` is also a name in the note's template", self.job.task.node)
