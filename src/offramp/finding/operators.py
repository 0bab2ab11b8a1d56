"""The one matcher of noted operators: every call, ``.partial`` and subclass of one, with its arguments."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from offramp.finding.surroundings import Dags, Surroundings
from offramp.knowledge.airflow_names import current_name
from offramp.knowledge.libraries import AIRFLOW
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Note
from offramp.python.code import Code
from offramp.python.names import ANY_ATTRIBUTE, FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import UNKNOWN, Arguments, Constant, Given, Held, Local, Member, Partial, Reference, Value
from offramp.reading.source import Source
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.finding.other_modules import Definition, OtherModules

WAIT = "wait_for_termination"
# What a note may have that makes the calls of its classes uses: a code, or arguments that hold what a shell runs.
CODE, SHELL = "code", "shell"
# Methods by which a subclass decides itself what its run or its construction does.
_DECIDING = (
    "execute execute_complete pre_execute post_execute poke poke_mode_only run resume_execution __new__ __setattr__ "
    "__getattribute__ render_template_fields wait_for_termination deferrable run_id"
).split()
# Methods that all texts, lists, dicts and sets have; a class that a file names so is looked at all the same.
_DATA_METHODS = frozenset(name for kind in (str, bytes, list, dict, set) for name in dir(kind) if name[0] != "_")
_CLASS_MAKERS = (Reference("builtins.type"), Reference("types.new_class"))
_HARMLESS_BASES = frozenset(["builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"])


class Use(NamedTuple):
    """One use of a noted operator.

    ``callee`` is the expression that names the class; ``call`` the call that takes the
    arguments (None for a subclass definition); ``made`` the expression whose value is
    the operator, which is the ``.expand(…)`` call of a mapped one. ``derived`` is the
    local subclass that is called. ``around`` is where it stands.
    """

    callee: ast.expr
    call: ast.Call | None
    made: ast.expr
    path: str
    note: Note
    derived: ast.ClassDef | None
    arguments: Arguments
    around: Surroundings

    @property
    def has(self) -> str:
        """Return what the note has that makes this a use."""
        return CODE if self.note.code else SHELL

    @property
    def role(self) -> str:
        """Return what the class does with a dbt run: trigger, sensor, hook, read or nothing known."""
        return self.note.roles.get(self.path, "")


class _Called(NamedTuple):
    """A class that is called, and the module in which it is."""

    module: Module
    node: ast.ClassDef


class _Apart(NamedTuple):
    """A file's analysis, and the one that fixes start from."""

    of: Module
    module: Module


def module_to_fix(source: Source, rulebook: Rulebook) -> Module:
    """The analysis that fixes start from: all that it knows is written in the file, or would be without its imports."""
    module = module_of(source, rulebook)
    if module.others is None:
        return module
    apart = source.kept(_Apart)
    if apart is None or apart.of is not module:
        apart = source.keep(_Apart(module, Module(source.tree, rulebook, module.others.for_fixes())))
    return apart.module


def module_of(source: Source, rulebook: Rulebook, others: OtherModules | None = None) -> Module:
    """The analysis of a file, made once for all that ask; ``others`` are the modules that it imports."""
    module = source.kept(Module)
    if module is None or module.rulebook is not rulebook or (others is not None and others is not module.others):
        module = source.keep(Module(source.tree, rulebook, others))
    return module


class Module(Code):
    """Everything the rules ask about one parsed file; each part is worked out once."""

    def __init__(self, tree: ast.Module, rulebook: Rulebook, others: OtherModules | None = None) -> None:
        """``others`` are the modules that the file imports."""
        self.rulebook = rulebook
        self.others = others
        self._owners: dict[ast.ClassDef, Module] = {}
        facts = AIRFLOW._replace(exists=self._exists, meaning=self._meaning, stands_for=self._stands_for)
        if others is not None:
            facts = facts._replace(offers=others.offers, data=self._data)
        self._data_of: dict[str, tuple[Value, ...]] = {}
        super().__init__(tree, facts)
        self.dags = Dags(self.names, self.values, rulebook)
        self._derived: dict[tuple[ast.ClassDef, str], str] = {}
        self.uses: list[Use] = self._calls(CODE)
        self._by_call = {call: use for use in reversed(self.uses) for call in (use.call, use.made) if call is not None}

    def _exists(self, path: str) -> bool:
        if path in self.rulebook.operators or not path.startswith("prefect"):
            return path in self.rulebook.operators
        from offramp.knowledge.prefect_dbt_calls import exists

        return exists(path)

    def _stands_for(self, path: str) -> str:
        path = AIRFLOW.stands_for(path)
        return path if self.others is None else self.others.stands_for(path)

    def definition(self, path: str) -> Definition | None:
        """The class or function of another module that a dotted path leads to, unless this one sets it anew."""
        if self.others is None or {path.rpartition(".")[2], ANY_ATTRIBUTE} & self.names.stores.keys():
            return None
        return self.others.definition(path)

    def is_known_elsewhere(self, path: str) -> bool:
        """Return whether a dotted path is a constant, list or dict of another module that this one only reads."""
        return self.others is not None and bool(self._data(path))

    def _data(self, path: str) -> tuple[Value, ...]:
        """Return what a name of another module is, unless this one may change it."""
        if path not in self._data_of:
            assert self.others is not None
            found = self._data_of[path] = self.others.data(path)
            if found:
                from offramp.finding.only_read import only_reads

                self._data_of[path] = ()
                self._data_of[path] = found if only_reads(self, path.rpartition(".")[2], found) else ()
        return self._data_of[path]

    def _meaning(self, path: str) -> object:
        """The same for two dotted paths of one library that are one thing by the notes or by Airflow's releases."""
        if path not in self.rulebook.operators:
            path = current_name(path)
        note = self.rulebook.note(path)
        return path if note is None else (note.section, note.roles.get(path, ""), path.partition(".")[0])

    @cached_property
    def shell_uses(self) -> list[Use]:
        """The calls of operators whose notes say which arguments hold what a shell, or a container, runs."""
        return self._calls(SHELL)

    def noted(self, value: Value, has: str = CODE) -> str:
        """Dotted path of the operator, whose note has something, that a class value is or derives from, else empty."""
        if isinstance(value, Reference):
            note = self.rulebook.note(value.path)
            if note is None and (other := self.definition(value.path)) is not None:
                return other.module.noted(Local(other.node), has)
            return value.path if note is not None and (note.code if has == CODE else has in note.fields) else ""
        if isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
            return self._base(value.node, has)
        if isinstance(value, Partial):
            return self.noted(value.callee, has)
        return ""

    def use_of(self, call: ast.expr) -> Use | None:
        """The use that a call makes, or whose ``.expand(…)`` it is."""
        return self._by_call.get(call)

    def subclasses(self) -> list[Use]:
        """The class definitions that derive from a noted operator, one use per noted base."""
        found = []
        for node in self.names.classes:
            for base, written in self.values.bases(node):
                for value in self.values.evaluate(base):
                    if path := self.noted(value):
                        found.append(self._subclass(node, written, path))
                        break
        for call in self.names.calls:
            if len(call.args) > 1 and self.values.single(call.func) in _CLASS_MAKERS:
                bases = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else []
                paths = [(base, self.noted(self.values.single(base))) for base in bases]
                found += [self._subclass(None, base, path) for base, path in paths if path]
        return found

    def _subclass(self, node: ast.ClassDef | None, base: ast.expr, path: str) -> Use:
        note = self.rulebook.note(path)
        assert note is not None
        nowhere = Surroundings(None, (), known=False)
        return Use(base, None, base, path, note, node, Arguments({}, complete=False), nowhere)

    # -- calls -------------------------------------------------------------------

    def _calls(self, has: str) -> list[Use]:
        calls = (call for call in self.names.calls if self._may_make(call))
        return [use for call in calls if (use := self.made_by(call, has)) is not None]

    def _may_make(self, call: ast.Call) -> bool:
        """Return whether a call may make an operator: what a list is that something is appended to, nobody asks."""
        return (
            not isinstance(call.func, ast.Attribute)
            or call.func.attr not in _DATA_METHODS
            or call.func.attr in self.names.set_attributes
            or self.names.sets_by_text
            or call.func.attr in self.rulebook.names()
        )

    def made_by(self, call: ast.Call, has: str = CODE) -> Use | None:
        """The use of an operator, whose note has something, that a call is; None for all other calls."""
        uses = [use for value in self.values.evaluate(call.func) if (use := self._use(call, value, has)) is not None]
        if len({(use.path, use.derived) for use in uses}) > 1:
            # Which class it is depends on the run: what one of them does with its arguments is not certain.
            return uses[0]._replace(arguments=_doubted(uses[0].arguments))
        return uses[0] if uses else None

    def in_pass(self, held: Held) -> Module:
        """The module as one pass of its loops sees it: what the pass binds has one value."""
        from copy import copy  # nearly no module needs it

        view = copy(self)
        view.values = self.values.in_pass(held)
        view.dags = Dags(self.names, view.values, self.rulebook)
        view._derived = {}  # noqa: SLF001 - it is a module too
        return view

    def _use(self, call: ast.Call, value: Value, has: str) -> Use | None:
        callee = call.func
        made: ast.expr = call
        target = value.callee if isinstance(value, Partial) else value
        partial = False
        while isinstance(target, Partial):
            target = target.callee
        if isinstance(target, Reference) and target.path.endswith(".partial"):
            target, partial = Reference(target.path.removesuffix(".partial")), True
        elif isinstance(target, Member) and target.name == "partial":
            target, partial = target.owner, True
        if partial:
            callee = callee.value if isinstance(callee, ast.Attribute) else callee
            made = self._expanded(call)
        path = self.noted(target, has)
        note = self.rulebook.note(path) if path else None
        if note is None:
            return None
        derived = self._class_of(target)
        around = self.dags.surroundings(call)
        positional = tuple(argument.name for argument in note.arguments)
        taking = made if isinstance(made, ast.Call) else call
        # A hook is not a task: `default_args` are not for it.
        inherited = Arguments({}, complete=True) if note.roles.get(path) == "hook" else self.dags.inherited(around)
        arguments = self._given(taking, note, derived, inherited, positional)
        return Use(callee, call, made, path, note, derived, arguments, around)

    def _expanded(self, call: ast.Call) -> ast.Call:
        """The ``.expand(…)`` call on a ``.partial(…)`` call, directly or through one name."""
        holders: list[ast.AST] = [call]
        for binding in self.names.bindings_of(call):
            holders.extend(self.names.uses(binding))
        for holder in holders:
            attribute = self.names.parents.get(holder)
            if isinstance(attribute, ast.Attribute) and attribute.attr.startswith("expand"):
                outer = self.names.parents.get(attribute)
                if isinstance(outer, ast.Call) and outer.func is attribute:
                    return outer
        return call

    def _given(
        self,
        call: ast.Call,
        note: Note,
        derived: ast.ClassDef | None,
        inherited: Arguments,
        positional: tuple[str, ...],
    ) -> Arguments:
        own = self.values.arguments(call, positional)
        given = dict(inherited.given)
        complete = inherited.complete
        if "default_args" in own.given:
            complete = self.dags.defaults(own.given["default_args"], given) and complete
        rows = self.rulebook.arguments(note)
        if derived is None:
            given = {name: value for name, value in given.items() if name in rows or not rows}
        if not own.complete:
            given = {name: Given(value.node, (*value.values, UNKNOWN), value.origin) for name, value in given.items()}
        given.update(own.given)
        complete = complete and own.complete
        if derived is not None:
            complete = self._through_class(_Called(self, derived), derived, given, complete)
        return Arguments(given, complete)

    # -- subclasses --------------------------------------------------------------

    def _class_of(self, value: Value) -> ast.ClassDef | None:
        """The class of the file, or of another module of the project, that a value is."""
        if isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
            return value.node
        if not isinstance(value, Reference) or value.path in self.rulebook.operators:
            return None
        other = self.definition(value.path)
        if other is None or not isinstance(other.node, ast.ClassDef):
            return None
        self._owners[other.node] = other.module
        return other.node

    def _base(self, node: ast.ClassDef, has: str) -> str:
        if (node, has) not in self._derived:
            self._derived[node, has] = ""
            for base, _ in self.values.bases(node):
                for value in self.values.evaluate(base):
                    if path := self.noted(value, has):
                        self._derived[node, has] = path
                        return path
        return self._derived[node, has]

    def _through_class(self, called: _Called, node: ast.ClassDef, given: dict[str, Given], complete: bool) -> bool:
        """Turn the arguments of a subclass's call into those that reach its noted base; False if not all is known."""
        owner = self._owners.get(node, self)
        if owner is not self:
            return self._through_other(owner, called, node, given, complete)
        lineage, _ = self.values.lineage(node)
        for current in lineage:
            constructor = next((part for part in current.body if getattr(part, "name", "") == "__init__"), None)
            if isinstance(constructor, FunctionNode):
                complete = self._constructed(called, constructor, given, complete) and complete
        for current in lineage:
            for base, _ in self.values.bases(current):
                other = self._class_of(self.values.single(base))
                if other is not None and other in self._owners:
                    complete = self._through_class(called, other, given, complete)
        if not complete or self.decides(node):
            for name in (*given, WAIT):
                value = given.get(name, Given(None, (UNKNOWN,), "subclass"))
                given[name] = value._replace(values=(*value.values, UNKNOWN))
        return complete

    def _through_other(
        self, owner: Module, called: _Called, node: ast.ClassDef, given: dict[str, Given], complete: bool
    ) -> bool:
        """Do the same where the class is in another module: of what that writes itself only constants are kept."""
        own = {value.node for value in given.values()}
        complete = owner._through_class(called, node, given, complete)
        for name, value in given.items():
            if value.node not in own:
                plain = tuple(one if isinstance(one, Constant) else UNKNOWN for one in value.values)
                given[name] = Given(None, tuple(dict.fromkeys(plain)), "subclass")
        return complete

    def decides(self, derived: ast.ClassDef) -> bool:
        """Return whether a subclass, or a base of it that is not seen, has a say in what the operator does."""
        owner = self._owners.get(derived, self)
        if owner is not self:
            return owner.decides(derived)
        for node in self.values.lineage(derived)[0]:
            methods = (binding for name in _DECIDING for binding in self.names.class_attribute(node, name))
            # The base's constructor overwrites what the class body only assigns.
            if node.keywords or node.decorator_list or any(binding.kind != "value" for binding in methods):
                return True
            for base, _ in self.values.bases(node):
                for value in self.values.evaluate(base):
                    harmless = isinstance(value, Reference) and value.path in _HARMLESS_BASES
                    other = self._class_of(value)
                    if other in self._owners and self._owners[other].decides(other):
                        return True
                    seen = other is not None
                    if not harmless and not seen and not self.noted(value):
                        return True
        return False

    def _constructed(self, called: _Called, constructor: FunctionNode, given: dict[str, Given], complete: bool) -> bool:
        """Apply one ``__init__`` to the arguments; False when what it hands on is not known."""
        calls = [part for part in walk(constructor) if isinstance(part, ast.Call) and _constructs_base(part)]
        if len(calls) != 1:
            return False
        call = calls[0]
        arguments = constructor.args
        named = {parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        caller = dict(given)
        certain = not self.names.place(call)[2]
        # default_args fill what is absent at every level of construction, so they stay (seen on 2.10 and 3.3)
        for name in list(given):
            if given[name].origin != "default_args" and (name in named or arguments.kwarg is None):
                del given[name]
        certain = self._forwarded(constructor, call, given) and certain
        own = self.values.arguments(call)
        for name, value in own.given.items():
            attribute = self._own_attribute(constructor, value.node)
            if attribute:
                values = called.module.class_values(called.node, attribute)
                given[name] = Given(value.node, values or value.values, "subclass")
            else:
                given[name] = self._passed(value, caller, complete)
        return self._stored(constructor, call, given) and certain

    def _own_attribute(self, constructor: FunctionNode, node: ast.expr | None) -> str:
        """The attribute of the object that is constructed which an expression is; empty for all else."""
        own = [*constructor.args.posonlyargs, *constructor.args.args][:1]
        is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and own
        return node.attr if is_own and node.value.id == own[0].arg else ""  # type: ignore[union-attr]

    def class_values(self, node: ast.ClassDef, attribute: str) -> tuple[Value, ...]:
        """Return what a class says that an attribute of its objects is, itself or by its bases; empty where none does.

        Something unknown is among it where that may be set otherwise.
        """
        owner = self._owners.get(node, self)
        stored = {attribute, ANY_ATTRIBUTE} & self.names.stores.keys()
        if owner is not self:
            found = owner.class_values(node, attribute)
            return (*found, UNKNOWN) if found and stored else found
        doubt = (UNKNOWN,) if stored or node.keywords or node.decorator_list or len(node.bases) > 1 else ()
        bindings = self.names.class_attribute(node, attribute)
        if bindings:
            nodes = [one.node for one in bindings if one.kind == "value" and one.node is not None]
            found = tuple(value for one in nodes for value in self.values.evaluate(one))
            plain = len(nodes) == len(bindings) and all(isinstance(value, Constant) for value in found)
            return (*found, *doubt) if plain else (UNKNOWN,)
        for base, _ in self.values.bases(node):
            other = self._class_of(self.values.single(base))
            if other is not None and (inherited := self.class_values(other, attribute)):
                return (*inherited, *doubt)
        return ()

    def _forwarded(self, constructor: FunctionNode, call: ast.Call, given: dict[str, Given]) -> bool:
        """Apply what a constructor does to its ``**kwargs`` before it hands them on; False if not all is known."""
        spreads = [keyword.value for keyword in call.keywords if keyword.arg is None]
        extra = constructor.args.kwarg
        if not spreads:
            for name in list(given):
                if given[name].origin != "default_args":
                    del given[name]
            return True
        if extra is None or any(not self._is_extra(spread, extra.arg) for spread in spreads):
            return False
        if not self._changed_extra(constructor, extra.arg, call, given):
            return False
        for spread in spreads:
            if isinstance(spread, ast.Dict):
                for key, part in zip(spread.keys, spread.values, strict=True):
                    name = self._text(key) if key is not None else ""
                    if name:
                        given[name] = Given(part, self.values.evaluate(part), "subclass")
        return True

    def _changed_extra(self, constructor: FunctionNode, extra: str, call: ast.Call, given: dict[str, Given]) -> bool:
        """Apply what a constructor sets in its ``**kwargs``, or takes out, before a call; False if not all is known."""
        scope = self.names.scopes[constructor]
        if len(scope.bindings[extra]) > 1:
            return False
        for mutation in self.names.mutations.get((scope, extra), ()):
            change = self._change(mutation.node)
            if change is None or mutation.path or mutation.order > self.names.place(call)[1]:
                return False
            pairs, keeps = change
            for name, value in pairs.items():
                before = given.get(name)
                # default_args are not in kwargs yet: they fill what is absent when the base is constructed
                there = before is not None and before.origin != "default_args"
                if value is not None and not (keeps and there):
                    given[name] = Given(value, self.values.evaluate(value), "subclass")
                elif value is None and there:
                    del given[name]
        return True

    def _change(self, node: ast.AST) -> tuple[dict[str, ast.expr | None], bool] | None:
        """The keys that one statement sets in ``kwargs`` (None: takes away), and whether it keeps what is there."""
        statement = self.names.parents.get(node)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(statement, ast.Assign):
            key = self._text(node.slice)
            return ({key: statement.value}, False) if key else None
        function = node.func if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Call) or not isinstance(function, ast.Attribute):
            return None
        if function.attr == "update":
            table = self.values.changes(node)
            return (table.entries, False) if table.complete and None not in table.entries.values() else None
        key = self._text(node.args[0]) if node.args else ""
        if key and function.attr == "setdefault" and len(node.args) == 2:
            return {key: node.args[1]}, True
        return ({key: None}, False) if key and function.attr == "pop" else None

    def _is_extra(self, spread: ast.expr, name: str) -> bool:
        """Return whether a ``**`` argument is the constructor's own kwargs, or a display of them and known keys."""
        if isinstance(spread, ast.Dict):
            first, *rest = spread.keys or [spread]
            others = all(key is not None and self._text(key) for key in rest)
            return first is None and others and self._is_extra(spread.values[0], name)
        return isinstance(spread, ast.Name) and spread.id == name

    def _text(self, node: ast.expr) -> str:
        value = self.values.single(node)
        return value.value if isinstance(value, Constant) and isinstance(value.value, str) else ""

    def _stored(self, constructor: FunctionNode, call: ast.Call, given: dict[str, Given]) -> bool:
        """Apply attributes set on the operator after its base is constructed; False when others may be set unseen."""
        _, constructed, _ = self.names.place(call)
        own = [*constructor.args.posonlyargs, *constructor.args.args][:1]
        for part in walk(constructor):
            if not isinstance(part, ast.Name) or not own or part.id != own[0].arg:
                continue
            _, order, path = self.names.place(part)
            parent = self.names.parents.get(part)
            if isinstance(parent, ast.Call) and parent is not call and not self._asks(parent):
                return False
            if not isinstance(parent, ast.Attribute) or order < constructed:
                continue
            statement = self.names.parents.get(parent)
            if isinstance(statement, ast.Call) and statement.func is parent and not parent.attr.startswith("set_"):
                return False
            if parent.attr == "__dict__":
                return False
            if isinstance(parent.ctx, ast.Store) and (parent.attr == WAIT or parent.attr in given):
                plain = isinstance(statement, ast.Assign) and not path
                values = self.values.evaluate(statement.value) if plain else (UNKNOWN,)  # type: ignore[union-attr]
                given[parent.attr] = Given(None, values, "subclass")
        return True

    def _asks(self, call: ast.Call) -> bool:
        """Return whether a call of a builtin only looks at its arguments, or constructs a base."""
        callee = self.values.single(call.func)
        return _constructs_base(call) or callee in (Reference("builtins.super"), Reference("builtins.isinstance"))

    def _passed(self, value: Given, caller: dict[str, Given], complete: bool) -> Given:
        if isinstance(value.node, ast.Name):
            bindings = self.names.lookup(value.node.id, value.node)
            if [binding.kind for binding in bindings] == ["parameter"]:
                if value.node.id in caller:
                    return caller[value.node.id]._replace(origin="subclass")
                known = tuple(candidate for candidate in value.values if candidate != UNKNOWN)
                return Given(value.node, known if known and complete else (UNKNOWN,), "subclass")
        return value._replace(origin="subclass")


def _doubted(arguments: Arguments) -> Arguments:
    given = {name: value._replace(values=(*value.values, UNKNOWN)) for name, value in arguments.given.items()}
    return Arguments({WAIT: Given(None, (UNKNOWN,), "subclass"), **given}, complete=False)


def _constructs_base(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and function.attr == "__init__"
