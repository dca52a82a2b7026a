"""Functions of one frozen value, called with the fields of that value: a long list of options stands once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from grammar_rae.errors import nearest

P = ParamSpec("P")
Fields = TypeVar("Fields", covariant=True)
Owner = TypeVar("Owner")
Result = TypeVar("Result")


class Decorator(Protocol[P, Fields]):
    """Of a function of `Fields`, or of a method; either is then called with the arguments P that `Fields` has."""

    @overload
    def __call__(self, function: Callable[[Fields], Result], /) -> Callable[P, Result]: ...
    @overload
    def __call__(
        self, function: Callable[[Owner, Fields], Result], /
    ) -> Callable[Concatenate[Owner, P], Result]: ...


def takes_fields_of(make: Callable[P, Fields]) -> Decorator[P, Fields]:
    """A decorator of functions and methods whose last parameter is made by `make`, a dataclass say.

    Callers give the arguments of `make` in place of that parameter; `help` and type checkers show them so.
    TypeError, with the nearest name, for a keyword that `make` does not have.
    """
    options = signature(make).parameters

    def decorate(function: Any) -> Any:
        """`function`, called with the arguments of `make` in place of its last one."""
        shape = signature(function)
        *owner, _ = shape.parameters.values()

        @wraps(function)
        def with_fields(*args: Any, **keywords: Any) -> Any:
            """`function` of what `make` makes; `wraps` puts its own words here."""
            for name in keywords:
                if name not in options:
                    raise TypeError(f"{function.__qualname__}: no {name}; {nearest(name, options)}")
            return function(*args[: len(owner)], make(*args[len(owner) :], **keywords))

        parameters = [*owner, *options.values()]
        with_fields.__signature__ = shape.replace(parameters=parameters)  # type: ignore[attr-defined]
        return with_fields

    return decorate
