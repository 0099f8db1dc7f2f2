"""Load the public names of a package when they are first used, so that the command line starts at once."""

from __future__ import annotations

import sys
from collections import UserDict
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import resolve_name
from types import ModuleType
from typing import Any


def lazy_names(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package: a name is imported when it is first asked for.

    Which names there are, and from where, stands in the package itself: its imports under ``TYPE_CHECKING``,
    which type checkers read too (PEP 562).

    Args:
        package: its ``__name__``.
    """

    @cache
    def homes() -> dict[str, str]:
        return dict(_type_imports(sys.modules[package]))

    class Package(ModuleType):
        """Hand out the function where a submodule has its name (``evaluate``), whenever it is imported."""

        def __setattr__(self, name: str, value: Any) -> None:
            if isinstance(value, ModuleType) and homes().get(name) == f"{package}.{name}":
                value = getattr(value, name)
            super().__setattr__(name, value)

        def __reduce__(self) -> tuple[Any, ...]:
            """Go to another process by name, as a function that uses the package wants it (Ray, joblib)."""
            return import_module, (self.__name__,)

    sys.modules[package].__class__ = Package

    def names() -> list[str]:
        return sorted(sys.modules[package].__all__)

    def load(name: str) -> Any:
        if name.startswith("__") or name not in homes():  # reading the source asks for some of the former
            raise AttributeError(f"module {package!r} has no attribute {name!r}; it has {', '.join(names())}")
        home = homes()[name]
        value = import_module(f"{home}.{name}") if home == package else getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    return load, names


def _type_imports(package: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield each name and its module from the blocks that are for types only."""
    import ast
    from inspect import getsource

    for block in ast.parse(getsource(package)).body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for line in block.body:
                if isinstance(line, ast.ImportFrom):
                    yield from ((alias.name, str(line.module)) for alias in line.names)


class LazyDict(UserDict[str, Any]):
    """Values that may be given as the name of where they stand, ``module:name``, and are imported when read.

    Example:
        >>> fractions = LazyDict({"half": "fractions:Fraction"})
        >>> list(fractions), fractions["half"](1, 2)
        (['half'], Fraction(1, 2))
    """

    def __getitem__(self, key: str) -> Any:
        """Return the value, imported if it was only named."""
        value = super().__getitem__(key)
        if isinstance(value, str):
            value = self[key] = resolve_name(value)
        return value
