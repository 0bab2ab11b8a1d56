"""Tells what the callees and decorators of a file are by the notes: DAGs, groups, operators, task decorators."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.python.nodes import walk
from offramp.python.values import Constant, Reference

# Sections of the notes that are about no operator.
_NO_OPERATORS = frozenset({"DAG", "dag", "TaskGroup", "task_group", "task"})


class Callees:
    """The sections of the notes that a file's callees belong to."""

    def __init__(self, module: Module) -> None:
        self._values = module.values
        self._sections = module.dags
        self.uses = {use.call: use for use in module.uses if use.call is not None}

    def section(self, callee: ast.expr) -> str:
        """The section of the first candidate that has one; empty for none."""
        for value in self._values.evaluate(callee):
            section = self._sections.section(value)
            if section:
                return section
        return ""

    def operator_section(self, call: ast.Call) -> str:
        """The section of the operator that a call makes; empty for all other calls."""
        use = self.uses.get(call)
        if use is not None and use.role != "hook":
            return use.note.section
        section = self.section(call.func)
        return section if section not in _NO_OPERATORS else ""

    def makes_operator(self, code: ast.AST) -> bool:
        """Return whether any call in the code makes an operator."""
        return any(isinstance(node, ast.Call) and self.operator_section(node) for node in walk(code))

    def is_certain(self, callee: ast.expr, section: str) -> bool:
        """Return whether all candidates of a callee belong to a section; None makes no DAG."""
        values = self._values.evaluate(callee)
        return all(self._sections.section(value) == section for value in values if value != Constant(None))

    def is_one_operator(self, callee: ast.expr) -> bool:
        """Return whether all candidates are one operator, by its names of several versions; None makes no DAG."""
        values = [value for value in self._values.evaluate(callee) if value != Constant(None)]
        places = {value.path.partition(".")[0] for value in values if isinstance(value, Reference)}
        return len(values) == 1 or (len({self._sections.section(value) for value in values}) == 1 and len(places) == 1)

    def is_airflow(self, callee: ast.expr) -> bool:
        """Return whether a candidate of a callee is a name of Airflow's."""
        return any(
            isinstance(value, Reference) and value.path.startswith("airflow.")
            for value in self._values.evaluate(callee)
        )
