"""Values that are changed in place: what is known of them is what Python makes of them, or nothing.

The programs of ``changes.md`` and ``computed.md``, and programs made by Hypothesis, are executed.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offramp.finding.operators import Module
from offramp.knowledge.rulebook import load_rulebook
from offramp.python.evaluation import Values
from offramp.python.operations import NotKnown
from offramp.python.values import UNKNOWN, Constant, Items, Table, Value

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAM = "changed_values_program"


class _NotKnownError(Exception):
    """The value is not known."""


def _plain(values: Values, value: Value) -> object:
    """A known value as Python has it, tuples as lists."""
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Table) and value.complete:
        return {
            key: _plain(values, values.single(node) if node is not None else UNKNOWN)
            for key, node in value.entries.items()
        }
    if isinstance(value, Items) and value.complete and value.ordered:
        return [_plain(values, values.single(node)) for node in value.nodes]
    raise _NotKnownError


def _as_lists(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_as_lists(one) for one in value]
    return {key: _as_lists(one) for key, one in value.items()} if isinstance(value, dict) else value


def _change_all(value: object, seen: set[int]) -> None:
    """What a stranger may do to all that it was ever given, and to what that leads to."""
    if id(value) in seen:
        return
    seen.add(id(value))
    inside: list[object] = []
    if isinstance(value, dict):
        inside = list(value.values())
        value["x"] = 99
    elif isinstance(value, list | tuple):
        inside = list(value)
    elif isinstance(value, types.FunctionType):
        inside = [*(value.__defaults__ or ()), value() if not value.__code__.co_argcount else None]
    elif getattr(value, "__module__", _PROGRAM) == _PROGRAM and hasattr(value, "__dict__"):
        inside = [*vars(value).values(), *([] if isinstance(value, type) else [type(value)])]
    for one in inside:
        _change_all(one, seen)


def _run(text: str) -> dict[int, list[object]]:
    """What each line's probe is given when a program runs."""
    found: dict[int, list[object]] = {}
    module = types.ModuleType(_PROGRAM)

    def probe(value: object) -> None:
        line = sys._getframe(1).f_lineno
        found.setdefault(line, []).append(_as_lists(copy.deepcopy(value)))

    kept: list[object] = []

    def keep(*given: object, **named: object) -> object:
        kept.extend((*given, *named.values()))
        return given[0] if given else kept

    def poke() -> None:
        _change_all(kept, set())

    module.__dict__.update(probe=probe, keep=keep, poke=poke, kept=kept)
    sys.modules[_PROGRAM] = module
    try:
        exec(compile(text, _PROGRAM, "exec"), module.__dict__)
    finally:
        del sys.modules[_PROGRAM]
    return found


def _believed(text: str) -> dict[int, object]:
    """What is known of each line's probe."""
    module = Module(ast.parse(text), load_rulebook([], pytest.fail))
    found: dict[int, object] = {}
    for call in module.names.calls:
        if isinstance(call.func, ast.Name) and call.func.id == "probe":
            try:
                found[call.lineno] = _plain(module.values, module.values.single(call.args[0]))
            except _NotKnownError:
                continue
    return found


def _computed(text: str) -> dict[int, object]:
    """What is worked out of each line's probe."""
    module = Module(ast.parse(text), load_rulebook([], pytest.fail))
    found: dict[int, object] = {}
    for call in module.names.calls:
        if isinstance(call.func, ast.Name) and call.func.id == "probe":
            try:
                found[call.lineno] = _as_lists(module.values.computed(call.args[0]))
            except NotKnown:
                continue
    return found


def _blocks(name: str) -> Iterator[object]:
    text = (Path(__file__).parent / name).read_text("utf-8")
    for number, block in enumerate(_BLOCK.finditer(text)):
        yield pytest.param(block[1], id=f"{number}: {' ; '.join(block[1].splitlines())[:70]}")


@pytest.mark.parametrize("text", list(_blocks("changes.md")))
def test_a_changed_value_is_known_as_it_is_or_not_at_all(text: str) -> None:
    real, believed = _run(text), _believed(text)
    for line, value in believed.items():
        assert real[line] == [value], f"line {line}"
    known = [row for row, line in enumerate(text.splitlines(), 1) if line.endswith("# known")]
    assert set(known) <= believed.keys()


@pytest.mark.parametrize("text", list(_blocks("computed.md")))
def test_what_is_worked_out_is_what_python_gives(text: str) -> None:
    real, computed = _run(text), _computed(text)
    for line, value in {**_believed(text), **computed}.items():
        assert real[line] == [value], f"line {line}"
    known = [row for row, line in enumerate(text.splitlines(), 1) if line.endswith("# known")]
    assert set(known) <= computed.keys()


# -- programs made at random -------------------------------------------------------

_NAMES = ("A", "B", "D")
_KEYS = ("'x'", "'y'")
_name = st.sampled_from(_NAMES)
_key = st.sampled_from(_KEYS)
_constant = st.sampled_from(("1", "2", "'t'"))
_copied = st.sampled_from(
    ("dict({0})", "{0}.copy()", "{{**{0}}}", "copy.copy({0})", "copy.deepcopy({0})", "{0} | {{}}")
)
_holder = st.sampled_from(("[{0}]", "({0},)", "{{'k': {0}}}", "[[{0}], 1]"))
_inner = st.sampled_from(("{0}['in']", "C.T", "C().T", "D0.T", "f({0})", "H[0]", "{0}.get('in', {{}})"))


def _written(form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda given: form.format(*given))


_target = st.one_of(_name, _inner.flatmap(lambda form: _name.map(form.format)))
_change = st.one_of(
    _written("{0}[{1}] = {2}", _target, _key, _constant),
    _written("{0}.update({{{1}: {2}}})", _target, _key, _constant),
    _written("{0}.setdefault({1}, {2})", _target, _key, _constant),
    _written("{0}.pop({1}, None)", _target, _key),
    _written("{0} |= {{{1}: {2}}}", _name, _key, _constant),
    _written("{0}.clear()", _target),
    _written("touch({0})", _target),
    _written("(lambda d: d.update(y={1}))({0})", _target, _constant),
    _written("for d in [{0}]: d[{1}] = {2}", _target, _key, _constant),
    _written("[d.update({{{1}: {2}}}) for d in ({0},)]", _target, _key, _constant),
    _written("dict.__setitem__({0}, {1}, {2})", _target, _key, _constant),
    _written("globals()['{0}'] = {{{1}: {2}}}", _name, _key, _constant),
    _written("setattr(C, 'T', {{{0}: {1}}})", _key, _constant),
    _written("keep({0})", _target),
    st.just("poke()"),
    _written("K.append({0})", _target),
    _written("K2.a = {0}", _target),
    _written("kept.append({0})", _target),
    _written("keep({0})[{1}] = {2}", _target, _key, _constant),
)
_binding = st.one_of(
    _written("{0} = {{'x': {1}, 'in': {{'y': {1}}}}}", _name, _constant),
    _written("{0} = {1}", _name, _name),
    _written("{0} = {{'in': {1}}}", _name, _name),
    _name.flatmap(lambda name: _copied.flatmap(lambda form: _name.map(lambda other: f"{name} = {form.format(other)}"))),
    _holder.flatmap(lambda form: _name.map(lambda other: f"H = {form.format(other)}")),
    _written("C.T = {0}", _name),
    _written("{0} = C.T", _name),
    _written("{0} = f({1})", _name, _name),
    _written("{0} = made({1})", _name, _constant),
    _written("{0} = keep({1})", _name, _name),
    st.sampled_from(["keep(H)", "keep(C)", "keep(K2)", "keep(K)", "keep(lambda: A)", "keep([H])", "kept = H"]),
)
_statement = st.one_of(_change, _binding)
_block = st.one_of(
    _statement,
    _written("if len(A) > 1:\n    {0}\nelse:\n    {1}", _statement, _statement),
    _written("for i in (1, 2):\n    {0}\n    {1}", _statement, _statement),
    _written("def late():\n    {0}\nlate()", _change),
    _written("for i in (1, 2):\n    probe({0})\n    {1}", _target, _statement),
    _written("def late():\n    probe({0})\n    {1}\nlate()\nlate()", _target, _change),
    _written("def late(d={0}):\n    {1}\n    probe(d)\nlate()", _target, _change),
    _written("def late():\n    E = {0}\n    {1}\n    probe(E)\n    return E\nD = late()", _target, _change),
    _written("def late():\n    global A\n    {0}\n    probe(A)\nlate()", _statement),
    _written("class C:\n    T = {0}\n    {1}\n    probe(T)", _target, _change),
    _written("probe([d for d in ({0}, {1})])", _target, _target),
    _written("for d in H:\n    {0}", _change),
    st.sampled_from(["probe(A)", "probe(B)", "probe(D)", "probe(C.T)", "probe(A['in'])"]),
)
_START = """\
import copy
A = {'x': 1, 'in': {'y': 1}}
B = {'x': 2, 'in': A}
D = {'y': 3}
H = [A]
class C:
    T = {'x': 1}
class D0(C): pass
K = []
class K1: pass
K2 = K1()
def f(d): return d
def touch(d): d['x'] = 9
def made(v):
    d = {'x': v}
    d['y'] = v
    return d
"""


@settings(max_examples=400, deadline=None)
@given(st.lists(_block, min_size=1, max_size=8))
def test_no_program_has_another_value_than_the_one_that_is_known(blocks: list[str]) -> None:
    text = _START + "\n".join([*blocks, "probe(A)", "probe(B)", "probe(D)", "probe(C.T)"])
    try:
        real = _run(text)
    except (AttributeError, KeyError, TypeError, NameError):
        return
    for line, value in _believed(text).items():
        assert all(one == value for one in real.get(line, ())), f"line {line}\n{text}"


def test_a_module_of_many_unknown_calls_is_worked_out() -> None:
    calls = "\n".join(f"task_{number} = make(['x', ARGS['retries']])\nregister(task_{number})" for number in range(500))
    text = f"from elsewhere import make, register\nARGS = {{'retries': 1}}\n{calls}\nprobe(ARGS)\n"
    assert _believed(text) == {1003: {"retries": 1}}
