"""The named tuples behave as ``typing.NamedTuple``, whose definition they replace at run time."""

from __future__ import annotations

import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from offramp.record import NamedTuple


class Ours(NamedTuple):
    first: int
    second: str = "b"
    third: tuple[int, ...] = ()

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"


class Theirs(typing.NamedTuple):
    first: int
    second: str = "b"
    third: tuple[int, ...] = ()

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"


USES: list[Callable[[Any], object]] = [
    lambda kind: tuple(kind(1)),
    lambda kind: tuple(kind(1, "c", third=(4,))),
    lambda kind: tuple(kind(second="c", first=1)),
    lambda kind: kind(1) == (1, "b", ()),
    lambda kind: (kind(1).first, kind(1).second, kind(1).third, kind(1).both),
    lambda kind: tuple(kind(1)._replace(second="z")),
    lambda kind: type(kind(1)._replace(second="z")) is kind,
    lambda kind: kind(1)._asdict(),
    lambda kind: repr(kind(1)).partition("(")[2],
    lambda kind: hash(kind(1)),
    lambda kind: min([kind(2), kind(1)]).first,
    lambda kind: kind._fields,
    lambda kind: kind.__match_args__,
    lambda kind: tuple(type("Narrower", (kind,), {})(3, "x")),
]


@pytest.mark.parametrize("use", USES)
def test_values_are_as_those_of_typing(use: Callable[[Any], object]) -> None:
    # The constructor changes once there are several.
    assert [use(Ours) for _ in range(12)] == [use(Theirs)] * 12


@pytest.mark.parametrize(
    "wrong",
    [
        lambda kind: kind(),
        lambda kind: kind(1, "b", (), 4),
        lambda kind: kind(1, fourth=4),
        lambda kind: kind(1, first=1),
        lambda kind: setattr(kind(1), "first", 2),
        lambda kind: setattr(kind(1), "fourth", 2),
    ],
)
def test_a_mistake_is_refused_as_typing_refuses_it(wrong: Callable[[Any], object]) -> None:
    with pytest.raises((TypeError, AttributeError, ValueError)) as theirs:
        wrong(Theirs)
    for _ in range(12):
        with pytest.raises(theirs.type):
            wrong(Ours)


def test_a_field_that_is_not_there_is_not_replaced() -> None:
    # typing's raises ValueError before Python 3.13, TypeError since.
    with pytest.raises(TypeError, match="fourth"):
        Ours(1)._replace(fourth=4)  # type: ignore[call-arg]


def test_a_value_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(Ours(1, "c"))) == Ours(1, "c")
    assert type(pickle.loads(pickle.dumps(Ours(1)))) is Ours


def test_a_field_without_default_behind_one_with_default_is_refused() -> None:
    with pytest.raises(TypeError, match="without a default"):

        class Wrong(NamedTuple):
            first: int = 1
            second: str  # type: ignore[misc]


def test_a_class_may_have_no_fields() -> None:
    class Nothing(NamedTuple):
        """A value that is only itself."""

    assert Nothing() == ()
    assert type(Nothing()) is Nothing
