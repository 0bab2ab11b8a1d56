"""Tells where a conversion's text goes: what stays, what moves to module level, what comes in place of what."""

from __future__ import annotations

import ast
from functools import cached_property

from offramp.converting.families import FAMILIES
from offramp.converting.judges.lasting import uncalled
from offramp.converting.judges.schedule import schedule
from offramp.converting.recipes.airflow_lookups import lookups
from offramp.converting.recipes.conversion import COMMENTS, Work, imports_airflow, is_airflow
from offramp.dags.graph import Argument, Dag
from offramp.editing.text import INDENT, call_lines, repr_text
from offramp.model import Blocked, Edit, Flow, Span
from offramp.python.names import Binding, FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Items

_BASH_HELPER = '''\
def run_bash(command, env=None, cwd=None):
    """Run a Bash command, in a new directory unless told otherwise; return its last line of output."""
    line = ""
    with TemporaryDirectory() as directory:
        process = subprocess.Popen(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd or directory,
            env=env,
            start_new_session=True,
        )
        for output in process.stdout:
            line = output.decode(errors="backslashreplace").rstrip()
            print(line)
        if process.wait() != 0:
            raise RuntimeError(f"the command ended with exit code {process.returncode}")
    return line
'''


class Placement(Work):
    """Makes the edits of a file from the functions and flows that were written."""

    def _check_plain(self) -> None:
        """Code that stays must not need Airflow, nor the tasks that go."""
        for statement in self.graph.plain:
            if statement not in self._lookups:
                self._check_kept(statement)

    @cached_property
    def _lookups(self) -> set[ast.stmt]:
        """The statements that only look for Airflow's names, which go with the DAGs."""
        return lookups(self.module, self.graph.plain, self.graph.building | self._default_args_statements)

    def _check_kept(self, statement: ast.AST) -> None:
        names = self.module.names
        for node in walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if node in self.hook_names or self._is_default_args(statement):
                    continue
                for binding in names.lookup(node.id, node):
                    if binding.kind == "import" and is_airflow(binding.target):
                        self._block(f"`{node.id}` is Airflow's, and this code stays", node)
                        break
                inside = node.id in self.expressions.gone and names.place(node)[0] is not names.module
                if inside and any(binding.scope is names.module for binding in names.lookup(node.id, node)):
                    self._block(f"`{node.id}` is a task or DAG, and this code stays", node)
            elif isinstance(node, ast.Import | ast.ImportFrom) and node is not statement and imports_airflow(node):
                self._block("imports Airflow, and this code stays", node)
            elif (
                isinstance(node, ast.ImportFrom)
                and any(alias.name == "*" for alias in node.names)
                and imports_airflow(node)
            ):
                self._block("imports everything from an Airflow module", node)

    def _is_default_args(self, statement: ast.AST) -> bool:
        return isinstance(statement, ast.stmt) and statement in self._default_args_statements

    @cached_property
    def _default_args_statements(self) -> set[ast.stmt]:
        """Module-level ``NAME = {…}`` that only DAGs and groups take as ``default_args``."""
        found: set[ast.stmt] = set()
        for statement in self.graph.plain:
            if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
                continue
            target = statement.targets[0]
            if not isinstance(target, ast.Name):
                continue
            names = self.module.names
            loads = names.loads.get(target.id, [])
            if len(names.module.bindings[target.id]) > 1 or names.mutations.get((names.module, target.id)):
                # What makes it so stays, and needs it.
                continue
            parents = [names.parents.get(load) for load in loads]
            if loads and all(isinstance(parent, ast.keyword) and parent.arg == "default_args" for parent in parents):
                found.add(statement)
        return found

    @cached_property
    def _decorators(self) -> tuple[str, ...]:
        """The sections of what makes tasks of functions."""
        return tuple(note.section for note in self.module.rulebook.notes.values() if note.kind.endswith(" decorator"))

    def _replace(self, dag: Dag, flow: list[str]) -> None:
        statements = self._dag_statements(dag)
        if not statements:
            self._block("this DAG is made inside another's block", dag.maker)
            return
        last = max(statements, key=lambda statement: self.source.positions.span(statement).end)
        texts = {statement: self._statement_text(statement, dag) for statement in statements}
        for statement, lines in texts.items():
            if statement is last:
                while lines and not lines[-1]:
                    lines.pop()
                lines.extend(["", ""] if lines else [])
                left = [INDENT + comment for comment in self.comments.left(statements)]
                at = flow.index(COMMENTS)
                lines.extend([*flow[:at], *left, *flow[at + 1 :]])
            while lines and not lines[-1]:
                lines.pop()
            self._replace_statement(statement, _spaced(lines))

    def _dag_statements(self, dag: Dag) -> list[ast.stmt]:
        """The module's statements that build this DAG."""
        found = [
            statement
            for statement in self.module.tree.body
            if statement in self.graph.building and not (isinstance(statement, ast.If))
        ]
        if len(self.graph.dags) == 1:
            return [
                statement
                for statement in found
                if not (isinstance(statement, FunctionNode) and statement is not dag.function)
            ]
        own = {dag.site, *dag.statements}
        if any(
            statement not in own
            and not isinstance(statement, FunctionNode)
            and not any(statement is other.site or statement in other.statements for other in self.graph.dags)
            for statement in found
        ):
            self._block("several DAGs whose tasks are made outside their blocks are not converted", dag.maker)
        return [statement for statement in found if statement in own]

    def _statement_text(self, statement: ast.stmt, dag: Dag) -> list[str]:
        """Return what comes in place of a statement: kept code moved to module level, and task functions."""
        lines: list[str] = []
        if isinstance(statement, ast.With) or statement is dag.function:
            for inner in statement.body:
                lines += self._inner_text(inner, dag)
        elif isinstance(statement, ast.For):
            lines += self._inner_text(statement, dag)
        else:
            lines += self._pieces_of(statement)
        return lines

    def _inner_text(self, statement: ast.stmt, dag: Dag) -> list[str]:
        from offramp.editing.layout import dedented

        if isinstance(statement, ast.With):
            nested = [line for inner in statement.body for line in self._inner_text(inner, dag)]
            return [*self._pieces_of(statement), *nested]
        if isinstance(statement, FunctionNode):
            if self.module.dags.decorated(statement, ("task_group",)) is not None:
                return [line for inner in statement.body for line in self._inner_text(inner, dag)]
            decorator = self.hoisted.get(statement)
            called = any(task.function is statement for one in self.graph.dags for task in one.tasks.values())
            if decorator is None and not called:
                if self.module.dags.decorated(statement, self._decorators) is None:
                    self._check_kept(statement)
                elif reason := uncalled(
                    self.module, self.graph, statement, f"the task `{statement.name}` is never called"
                ):
                    self._block(reason, statement)
            before = self.comments.before(statement)
            self.comments.keep(statement)
            # One piece: blank lines in its strings are no layout.
            text = "\n".join(dedented(self.source, statement, decorator, self._hook_edits(statement)))
            return [*before, text, "", ""]
        if isinstance(statement, ast.For | ast.If):
            return [line for inner in walk(statement) if isinstance(inner, ast.stmt) for line in self._pieces_of(inner)]
        pieces = self._pieces_of(statement)
        if pieces:
            return pieces
        if self._moves(statement):
            before = self.comments.before(statement)
            self.comments.keep(statement)
            return [*before, "\n".join(dedented(self.source, statement, None))]
        return []

    def _hook_edits(self, function: FunctionNode) -> tuple[Edit, ...]:
        found = self.hooks.pop(function, None)
        return found.edits if found is not None else ()

    def _moves(self, statement: ast.stmt) -> bool:
        """Return whether a statement of a DAG's body is plain code that has to stay."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return not imports_airflow(statement) and not self._joins_imports(statement)
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            if statement not in self.graph.kept:
                return False
            self._check_kept(statement)
            return True
        return False

    def _joins_imports(self, statement: ast.Import | ast.ImportFrom) -> bool:
        """Put an import of the DAG's function to those of the file, where it is a plain one."""
        where, level = (statement.module or "", statement.level) if isinstance(statement, ast.ImportFrom) else ("", 0)
        plain = all(alias.asname is None and alias.name.isidentifier() for alias in statement.names)
        if not plain or level or where == "__future__":
            return False
        joined = {(where, alias.name) for alias in statement.names}
        self.imports |= joined
        self.joined |= joined
        return True

    def _pieces_of(self, statement: ast.stmt) -> list[str]:
        lines = self.pieces.get(statement, [])
        return [*self.comments.of(statement), *lines] if lines else []

    def _replace_statement(self, statement: ast.stmt, lines: list[str]) -> None:
        positions = self.source.positions
        start = min(
            [positions.offset(statement.lineno, 0)]
            + [positions.offset(decorator.lineno, 0) for decorator in getattr(statement, "decorator_list", ())]
        )
        end_row = statement.end_lineno or statement.lineno
        following = [other for other in self.module.tree.body if other.lineno == end_row and other is not statement]
        if following or statement.col_offset:
            self._block("shares its line with another statement", statement)
            return
        end = positions.offset(end_row + 1, 0) if end_row < positions.rows() else len(self.source.utf8)
        if lines:
            text = "\n".join(lines) + ("\n" if end < len(self.source.utf8) or self.source.utf8.endswith(b"\n") else "")
            before, gap = self._before(start)
            first = next((line for line in lines if not line.startswith("#")), "")
            compound = first.startswith(("@", "def ", "async def "))
            if compound and before and gap < 3 and not _last_line_is_comment(before):
                text = "\n" * (3 - gap) + text
            elif not compound and before and gap > 2:
                start = positions.offset(positions.row(len(before)) + 2, 0)
                # Nothing but blank lines and removed statements stands between.
                gone = [edit for edit in self.edits if not edit.text and edit.span.end > start]
                start = min([start, *(edit.span.start for edit in gone)])
                self.edits = [edit for edit in self.edits if edit not in gone]
            self.edits.append(Edit(Span(start, end), text))
            return
        # Nothing comes in its place: of the blank lines before and after it, the larger number stays.
        row_end = end
        while end < len(self.source.utf8) and self.source.utf8[end : end + 1] in (b"\n", b"\r"):
            end += 1
        if end == len(self.source.utf8):
            row = positions.row(len(self.source.utf8[:start].rstrip()))
            start, row_end = min(start, positions.offset(row + 1, 0)), end
        before = self.source.utf8[:start]
        blank = before[len(before.rstrip()) :].count(b"\n") - 1
        self.edits.append(Edit(Span(start, end), "\n" * (self.source.utf8[row_end:end].count(b"\n") - max(blank, 0))))

    def _before(self, offset: int) -> tuple[bytes, int]:
        """The text that stays before an offset, without blank lines at its end, and the line ends after it."""
        text = self.source.utf8
        gap = 0
        while True:
            removed = next((edit for edit in self.edits if not edit.text and edit.span.end == offset), None)
            if removed is not None:
                offset = removed.span.start
            elif text[offset - 1 : offset] in (b"\n", b"\r", b" ", b"\t"):
                offset -= 1
                gap += text[offset : offset + 1] == b"\n"
            else:
                return text[:offset], gap

    def _serve(self) -> None:
        """``serve`` under ``__main__``, in place of a trailing ``dag.test()`` or at the end of the file."""
        try:
            self.flows = tuple(self._flow(dag) for dag in self.graph.dags)
            lines = self._serve_lines() if self.options.serves else []
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)
            return
        text = ['if __name__ == "__main__":', *(INDENT + line for line in lines)] if lines else []
        mains = [
            statement
            for statement in self.module.tree.body
            if isinstance(statement, ast.If) and statement in self.graph.building
        ]
        if len(mains) > 1:
            self._block("the file runs DAGs by hand in several places", mains[1])
        elif mains:
            self._replace_statement(mains[0], [*self.comments.within(mains[0]), *text])
        elif text:
            end = len(self.source.utf8)
            body = "\n".join(text)
            touching = next((edit for edit in self.edits if edit.span.end == end), None)
            if touching is not None:
                self.edits.remove(touching)
                self.edits.append(Edit(touching.span, f"{touching.text.rstrip()}\n\n\n{body}\n"))
            else:
                tail = "" if self.source.utf8.endswith(b"\n") else "\n"
                self.edits.append(Edit(Span(end, end), f"{tail}\n\n{body}\n"))

    def _flow(self, dag: Dag) -> Flow:
        """Return how a flow is deployed; Blocked for what only Python can say, where none is written for it."""
        entries = schedule(dag, self.expressions, self.options.versions).entries
        paused = dag.arguments.get("is_paused_upon_creation")
        limit = self._plain(dag, "max_active_runs")
        return Flow(
            dag.id,
            self.flow_names[dag],
            entries,
            self._tags(dag),
            paused is not None and self.expressions.constant(paused) not in (Constant(False), Constant(None)),
            limit if isinstance(limit, int) else None,
        )

    def _plain(self, dag: Dag, name: str) -> object:
        argument = dag.arguments.get(name)
        known = self.expressions.constant(argument) if argument is not None else Constant(None)
        if known is None and argument is not None:
            self._needs_python(name, argument)
        return known.value if known is not None else None

    def _tags(self, dag: Dag) -> tuple[str, ...] | None:
        argument = dag.arguments.get("tags")
        if argument is None or self.expressions.constant(argument) == Constant(None):
            return ()
        items = self.module.values.single(argument.node)
        if isinstance(items, Items) and items.complete:
            known = [self.module.values.single(node) for node in items.nodes]
            tags = [value.value for value in known if isinstance(value, Constant) and isinstance(value.value, str)]
            # prefect.yaml is a template itself.
            if len(tags) == len(known) and (self.options.serves or not any("{{" in tag for tag in tags)):
                return tuple(tags)
        self._needs_python("tags", argument)
        return None

    def _needs_python(self, name: str, argument: Argument) -> None:
        if not self.options.serves:
            raise Blocked(f"`{name}` is not known here, and a prefect.yaml holds no Python", argument.node)

    def _serve_lines(self) -> list[str]:
        deployments = []
        for dag in self.graph.dags:
            arguments = {"name": repr_text(dag.id)}
            when = schedule(dag, self.expressions, self.options.versions)
            if when.text:
                arguments["schedule"] = when.text
                self.imports.update(when.imports)
            tags = dag.arguments.get("tags")
            if tags is not None and self.expressions.constant(tags) != Constant(None):
                arguments["tags"] = self.expressions.text(tags)
            if "max_active_runs" in dag.arguments:
                name = "limit" if len(self.graph.dags) == 1 else "concurrency_limit"
                arguments[name] = self.expressions.text(dag.arguments["max_active_runs"])
            deployments.append((self.flow_names[dag], arguments))
        if len(deployments) == 1:
            name, arguments = deployments[0]
            return call_lines(f"{name}.serve", arguments)
        self.imports.add(("prefect", "serve"))
        lines = ["serve("]
        for name, arguments in deployments:
            inner = call_lines(f"{name}.to_deployment", arguments, indent=8)
            lines += [INDENT + line for line in inner]
            lines[-1] += ","
        return [*lines, ")"]

    def _imports(self) -> None:
        if self.needs_bash:
            self.imports.update({("", "subprocess"), ("tempfile", "TemporaryDirectory")})
        for found in self.hooks.values():
            self.edits += found.edits
        scopes = self.module.names.scopes
        moving = [scopes[dag.function] for dag in self.graph.dags if dag.function is not None]
        for name in self.helpers | ({"run_bash"} if self.needs_bash else set()):
            for scope in (scopes[self.module.tree], *moving):
                taken = next((one for one in scope.bindings.get(name, ()) if not self._makes_room(one)), None)
                if taken is not None:
                    self._block(f"`{name}` means something else here", taken.node or self.graph.dags[0].maker)
        helper = f"\n\n{_BASH_HELPER}" if self.needs_bash else ""
        if self.helpers:
            helpers = {name: text for family in FAMILIES for name, text in family.helpers().items()}
            helper += "".join(f"\n\n{helpers[name]}" for name in sorted(self.helpers))
        for statement in self._default_args_statements | self._lookups:
            self._replace_statement(statement, self.comments.within(statement))
        for _, name in self.imports - self.joined:
            if name in self.expressions.local:
                self._block(
                    f"`{name}` would move to module level, where Prefect's import needs that name",
                    self.graph.dags[0].maker,
                )
        from offramp.editing.imports import import_edits

        try:
            self.edits += import_edits(
                self.module,
                self.source,
                self.edits,
                frozenset(self.imports),
                after_imports=helper,
                goes=self._makes_room,
            )
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)

    def _makes_room(self, binding: Binding) -> bool:
        """Return whether a name is free for something else: its code goes, and does not come back as a task or flow."""
        return self.expressions.goes(binding) and binding.node not in self._functions

    @cached_property
    def _functions(self) -> frozenset[ast.AST]:
        """The functions that become tasks and flows under their own names."""
        dags = self.graph.dags
        tasks = {task.function for dag in dags for task in dag.tasks.values() if task.function is not None}
        return frozenset(tasks | {dag.function for dag in dags if dag.function is not None})


def _spaced(lines: list[str]) -> list[str]:
    """No more than two blank lines in a row, and those between a value and the function after it."""
    spaced: list[str] = []
    for line in lines:
        before = spaced[-1] if spaced else ""
        if line.startswith(("@", "def ", "async def ")) and before and before[0] not in "@#) ":
            spaced += ["", ""]
        spaced.append(line)
    return [line for index, line in enumerate(spaced) if line or any(spaced[max(0, index - 2) : index]) or index < 2]


def _last_line_is_comment(before: bytes) -> bool:
    return before.rpartition(b"\n")[2].lstrip().startswith(b"#")
