"""Edges between tasks: ``>>``, ``<<``, lists, groups, labels, ``chain`` and ``cross_downstream``."""

from __future__ import annotations

import ast
from itertools import pairwise

from offramp.dags.graph import Result, Task
from offramp.dags.state import Following, Group, Label, Thing, Unfollowed


class Edges(Following):
    """Connects tasks as Airflow does."""

    def _edge(self, node: ast.BinOp) -> Thing:
        left, right = self._evaluate(node.left), self._evaluate(node.right)
        self.touched = True
        forward = isinstance(node.op, ast.RShift)
        if isinstance(right, Label):
            before = tuple(self._ends(left, node, leaves=forward))
            return Label(before, ()) if forward else Label((), before)
        if isinstance(left, Label):
            others = self._ends(right, node, leaves=not forward)
            for one in left.before or left.after:
                for other in others:
                    self._link(one, other) if left.before else self._link(other, one)
            return right
        self._connect(*((left, right) if forward else (right, left)), node)
        return right

    def _connect(self, before: Thing, after: Thing, node: ast.AST) -> None:
        for downstream in self._ends(after, node, leaves=False):
            for upstream in self._ends(before, node, leaves=True):
                self._link(upstream, downstream)

    def _link(self, upstream: Task, downstream: Task) -> None:
        if upstream.dag is not downstream.dag:
            self._block("connects tasks of two DAGs", downstream.node)
            return
        downstream.upstream.setdefault(upstream)

    def _ends(self, thing: Thing, node: ast.AST, *, leaves: bool) -> list[Task]:
        if isinstance(thing, Task):
            return [thing]
        if isinstance(thing, Result):
            return [thing.task]
        if isinstance(thing, Group):
            ends = thing.leaves() if leaves else thing.roots()
            if not ends:
                self._block("connects a task group that has no tasks yet", node)
            return ends
        if isinstance(thing, list):
            return [task for inner in thing for task in self._ends(inner, node, leaves=leaves)]
        if isinstance(thing, Unfollowed):
            return []
        self._block("connects something that is not known to be a task", node)
        return []

    def _chain(self, things: list[Thing], node: ast.Call) -> None:
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            expanded: list[Thing] = []
            for argument, thing in zip(node.args, things, strict=True):
                if isinstance(argument, ast.Starred):
                    inner = self._evaluate(argument.value)
                    if not isinstance(inner, list):
                        self._block("passes tasks by `*` that are not known here", argument)
                        return
                    expanded.extend(inner)
                else:
                    expanded.append(thing)
            things = expanded
        things = [thing for thing in things if not isinstance(thing, Label)]
        for before, after in pairwise(things):
            if isinstance(before, list) and isinstance(after, list):
                if len(before) != len(after):
                    self._block("chains two lists of different lengths", node)
                    return
                for one, other in zip(before, after, strict=True):
                    self._connect(one, other, node)
            else:
                self._connect(before, after, node)

    def _cross(self, things: list[Thing], node: ast.Call) -> None:
        if len(things) != 2 or node.keywords:
            self._block("is not followed", node)
            return
        self._connect(things[0], things[1], node)
