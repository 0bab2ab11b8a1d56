"""Named tuples that cost little to define; imports nothing of offramp.

``typing.NamedTuple`` compiles code for every class and every annotation: 8 of the 66 ms of processor
time that ``offramp check`` takes for one DAG of 100 lines (CPython 3.11.7, byte code kept, medians of
50 runs in turn). These compile no more than the constructor of a class that has several values. Type
checkers see ``typing.NamedTuple``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import _tuplegetter as getter

    # Compiling a constructor takes as long as making about this many values without.
    _SEVERAL = 5
    _made = {}

    class _Definition(type):
        """Makes a class of its annotated fields; those with a value come last."""

        def __new__(cls, name, bases, namespace):
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace.pop(field) for field in fields if field in namespace}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field without a default follows one that has one")
            if fields:
                namespace |= {field: getter(place, "") for place, field in enumerate(fields)}
                namespace |= {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
                namespace["__new__"] = _early
            return super().__new__(cls, name, bases, {"__slots__": (), **namespace})

    def _early(cls, *given, **named):
        """One of the first values of a class; the constructor is compiled once there are several, or for its errors."""
        owner = next(base for base in cls.__mro__ if "_fields" in vars(base))
        _made[owner] = made = _made.get(owner, 0) + 1
        rest = owner._fields[len(given) :]
        values = owner._field_defaults | named
        if (
            made < _SEVERAL
            and len(given) + len(rest) == len(owner._fields)
            and named.keys() <= {*rest} <= values.keys()
        ):
            return tuple.__new__(cls, (*given, *(values[field] for field in rest)))
        parameters = ", ".join(owner._fields)
        names = {"_new": tuple.__new__, "__builtins__": {}}
        constructor = eval(f"lambda _cls, {parameters}: _new(_cls, ({parameters},))", names)
        constructor.__defaults__ = tuple(owner._field_defaults.values())
        constructor.__name__ = owner.__name__
        owner.__new__ = staticmethod(constructor)
        return cls(*given, **named)

    class NamedTuple(tuple, metaclass=_Definition):
        """Equivalent of ``typing.NamedTuple``, of which it has what offramp uses."""

        def _replace(self, /, **named):
            values = dict(zip(self._fields, self, strict=True))
            if not named.keys() <= values.keys():
                raise TypeError(f"{type(self).__name__} has no {sorted(named.keys() - values.keys())}")
            return tuple.__new__(type(self), (values | named).values())

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({fields})"

        def __getnewargs__(self):
            return tuple(self)
