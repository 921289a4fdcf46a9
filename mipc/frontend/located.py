"""Errors with a place: what Python and numpy raise at wrong data, said to people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mipc.errors import ModelError, UnsafeModel

__all__ = ["located"]


@contextmanager
def located(what: str, where: str) -> Iterator[None]:
    """Turn the errors that wrong numbers and texts cause into a :class:`ModelError`.

    A file that is not well formed shows itself anywhere: in a text that is not UTF-8, a shape
    that does not fit, an attribute of another type. Faults of mipc itself (``AttributeError``,
    ``AssertionError``) pass through. Memory that runs out, below what a network may take anyway, is
    an :class:`UnsafeModel`.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise ModelError(f"{what}: {error}", where=where) from error
    except MemoryError:
        raise UnsafeModel("it takes more memory than there is", where=where) from None
