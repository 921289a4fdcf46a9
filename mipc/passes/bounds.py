"""Bounds of every value over the box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from mipc.numerics.products import FAST, REPRODUCIBLE
from mipc.passes.base import Problem
from mipc.semantics.bounds import Method, bound_graph

__all__ = ["Bounds"]


@dataclass(frozen=True)
class Bounds:
    """Intervals, and backward linear bounds where they can decide something.

    Attributes
    ----------
    method : "backward" or "interval"
    products : "reproducible" or "fast"
        The same bits on every machine, as files need, or whatever the BLAS gives.
    """

    name: ClassVar[str] = "bounds"
    choices: ClassVar[dict[str, tuple[str, ...]]] = {
        "method": ("backward", "interval"),
        "products": ("reproducible", "fast"),
    }
    method: Method = "backward"
    products: Literal["reproducible", "fast"] = "reproducible"

    def apply(self, problem: Problem) -> Problem:
        """Bounds for every name; the graph stays as it is."""
        kind = REPRODUCIBLE if self.products == "reproducible" else FAST
        found = bound_graph(problem.graph, problem.domain, method=self.method, products=kind)
        return problem.become(problem.graph, found)
