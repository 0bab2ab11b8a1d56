"""Task groups: blocks, decorated functions, their prefixes and their ``default_args``."""

from __future__ import annotations

import ast

from offramp.dags.state import Following, Group, GroupFunction, Thing
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Given


class Groups(Following):
    """Enters task groups as Airflow does."""

    def _group_block(self, statement: ast.With) -> None:
        depth = len(self.groups)
        for item in statement.items:
            if not self._enter_group(item, statement):
                del self.groups[depth:]
                return
        self._body(statement.body)
        del self.groups[depth:]
        self.statement = statement

    def _enter_group(self, item: ast.withitem, statement: ast.stmt) -> bool:
        call = item.context_expr
        if self.dag is None or not isinstance(call, ast.Call) or self._section(call.func) != "TaskGroup":
            self._block("is a `with` in the DAG that is not followed", statement)
            return False
        self._check_certain(call.func, "TaskGroup")
        given = self._group_arguments(call, ("group_id", "prefix_group_id"))
        group = self._group("", call, given)
        if group is None:
            return False
        if isinstance(item.optional_vars, ast.Name):
            self.env[item.optional_vars.id] = group
        return True

    def _group_arguments(self, call: ast.Call, positional: tuple[str, ...]) -> dict[str, Given]:
        arguments = self.values.arguments(call, positional)
        if not arguments.complete or len(call.args) > len(positional):
            self._block("not all arguments of this task group are known here", call)
        return arguments.given

    def _group(self, default_id: str, node: ast.expr, given: dict[str, Given]) -> Group | None:
        assert self.dag is not None
        rows = self.module.rulebook.arguments(self.module.rulebook.notes["TaskGroup"])
        for name in given:
            if name not in rows or name in ("parent_group", "add_suffix_on_collision", "dag"):
                self._block(f"`{name}` of this task group is not followed", node)
                return None
        own = default_id
        prefixed = True
        for name in ("group_id", "prefix_group_id"):
            if name not in given:
                continue
            value = given[name].node
            constant = self._constant(value) if value is not None else None
            if constant is None:
                self._block(f"`{name}` of this task group is not known here", node)
                return None
            if name == "group_id":
                own = str(constant.value)
            else:
                prefixed = bool(constant.value)
        outer = self.groups[-1].prefix if self.groups else ""
        full = f"{outer}{own}"
        if (self.dag, full) in self.used_groups:
            if not default_id:
                self._block(f"a second task group has the id `{full}`", node)
                return None
            self._block(f"the task group `{full}` is made twice", node)
            return None
        self.used_groups.add((self.dag, full))
        defaults = dict(self.groups[-1].defaults) if self.groups else {}
        if "default_args" in given and not self._defaults(given["default_args"], defaults):
            self._block("`default_args` of this task group are not known here", node)
        group = Group(f"{full}." if prefixed else "", [], defaults)
        self.groups.append(group)
        return group

    def _call_group(self, function: GroupFunction, call: ast.Call) -> Thing:
        if call.args or call.keywords or _has_parameters(function.node):
            self._block("a task group that takes arguments is not followed", call)
            return None
        decorator = function.decorator
        given = self._group_arguments(decorator, ("group_id",)) if isinstance(decorator, ast.Call) else {}
        if self.dag is None:
            self._block("a task group outside a DAG is not followed", call)
            return None
        group = self._group(function.node.name, call, given)
        if group is None:
            return None
        outer, loop = dict(self.env), dict(self.loop)
        statement = self.statement
        if any(isinstance(node, ast.Return) and node.value is not None for node in walk(function.node)):
            self._block("a task group that returns a value is not followed", function.node)
        own = [
            inner
            for inner in function.node.body
            if inner in self.kept or isinstance(inner, FunctionNode | ast.ClassDef | ast.Import | ast.ImportFrom)
        ]
        self._body(function.node.body)
        own += [inner for inner in function.node.body if inner in self.kept]
        if own:
            self._block("a task group's function with code of its own is not followed", own[0])
        if function.node in self.module.tree.body:
            self._block("a task group's function outside the DAG is not followed", function.node)
        self.statement = statement
        self.env, self.loop = outer, loop
        self.groups.pop()
        return group


def _has_parameters(function: FunctionNode) -> bool:
    arguments = function.args
    return bool(arguments.args or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg)
