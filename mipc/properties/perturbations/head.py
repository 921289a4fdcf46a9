"""The head of a question: from its parameters to the image that the network receives.

A family of perturbations takes a head to one or several others, adding parameters and nodes. It
begins with the image that is perturbed, known exactly; families that are combined act one after
the other. Whatever a family says is a graph of the core language over regions, so bounds, passes
and files learn nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import QuestionError
from mipc.ir.ops import Affine, Input, Node, Op, Relu
from mipc.numerics.linear_maps import LinearMap, ScaleMap, identity
from mipc.numerics.rationals import Enclosed
from mipc.properties.pictures import pixels
from mipc.properties.region import Region

__all__ = ["Head"]

MOST_NUMBERS = 50_000_000
"""No family may take more numbers than this, all its heads together."""

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]
Limits: TypeAlias = tuple[Fraction, Fraction]


@dataclass(frozen=True, eq=False)
class Head:
    """What has been said so far of the image.

    Attributes
    ----------
    name : str
        The network's input, which the finished head has to define.
    shape : tuple of int
        Of the image.
    dtype : str
        The network's input type.
    domain : (low, high) of Fraction, or None
        Every number of the image lies between them.
    centre : (n,) float64 or None
        The image that is perturbed, exactly.
    image : str or None
        The value that is the image now; ``None`` while it is the centre.
    channels_first : bool or None
        Whether channels stand in front of rows and columns; None: as the sizes make it likely.
    nodes : tuple of Node
    regions : mapping of parameter to Region
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    domain: Limits | None
    centre: Array | None
    image: str | None = None
    channels_first: bool | None = None
    nodes: tuple[Node, ...] = ()
    regions: Mapping[str, Region] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many numbers the image has."""
        return math.prod(self.shape)

    def around(self, family: str) -> Array:
        """The centre, which a family needs.

        Raises
        ------
        QuestionError
            There is none.
        """
        if self.centre is None:
            raise QuestionError(
                f"{family} needs an input to begin with",
                remedy="give --input, or --dataset and --index",
            )
        if len(self.centre) != self.size:
            raise QuestionError(
                f"the input has {len(self.centre)} numbers, the network takes {self.size} "
                f"(shape {list(self.shape)})"
            )
        return self.centre

    def pixels(self, family: str) -> Index:
        """Where each pixel of the picture is: (channels, height, width) of flat index.

        Raises
        ------
        QuestionError
            It is no picture.
        """
        found = pixels(self.shape, self.channels_first)
        if found is None:
            raise QuestionError(
                f"{family} needs a picture, not an input of shape {list(self.shape)}"
            )
        return found

    def room(self, numbers: int, family: str) -> None:
        """Refuse a family that needs too many numbers, before memory is taken.

        Raises
        ------
        QuestionError
            They are too many.
        """
        if numbers > MOST_NUMBERS:
            raise QuestionError(
                f"{family} of an image of {self.size} numbers takes {numbers} numbers; "
                f"at most {MOST_NUMBERS} are accepted",
                where="--perturbation",
            )

    def within(self, lower: Enclosed, upper: Enclosed) -> tuple[Enclosed, Enclosed]:
        """The part of a box that lies in the domain."""
        if self.domain is None:
            return lower, upper
        low, high = Enclosed.of(self.domain[0]), Enclosed.of(self.domain[1])
        return (
            Enclosed(np.maximum(lower.below, low.below), np.maximum(lower.above, low.above)),
            Enclosed(np.minimum(upper.below, high.below), np.minimum(upper.above, high.above)),
        )

    def parameter(self, stem: str, region: Region, origin: str) -> tuple[Head, str]:
        """A new parameter."""
        name = self.fresh(stem)
        node = Node(name, Input(), (), len(region.lower), origin)
        regions = {**self.regions, name: region}
        return replace(self, nodes=(*self.nodes, node), regions=regions), name

    def ranging(self, region: Region, origin: str) -> Head:
        """The image itself is a parameter: the first family's, of a box or a ball."""
        node = Node(self.name, Input(), (), self.size, origin, self.shape)
        return replace(
            self,
            image=self.name,
            nodes=(*self.nodes, node),
            regions={**self.regions, self.name: region},
        )

    def node(
        self, stem: str, op: Op, operands: Sequence[str], origin: str, *, size: int | None = None
    ) -> tuple[Head, str]:
        """A new value, of the image's size or another one."""
        name = self.fresh(stem)
        shape = self.shape if size is None else (size,)
        node = Node(name, op, tuple(operands), math.prod(shape), origin, shape)
        return replace(self, nodes=(*self.nodes, node)), name

    def affine(
        self,
        stem: str,
        terms: Sequence[tuple[str, LinearMap]],
        offset: npt.ArrayLike,
        origin: str,
        *,
        relative: float = 0.0,
        radius: Array | None = None,
    ) -> Head:
        """The image becomes an affine value."""
        constant = np.broadcast_to(np.asarray(offset, np.float64), (self.size,)).copy()
        op = Affine(tuple(linear for _, linear in terms), constant, relative, radius)
        head, name = self.node(stem, op, [operand for operand, _ in terms], origin)
        return replace(head, image=name)

    def plus(self, name: str, linear: LinearMap, origin: str) -> Head:
        """The image plus ``linear`` of a parameter, kept within the domain."""
        if self.image is None:
            moved = self.affine("moved", [(name, linear)], self.around(origin), origin)
        else:
            terms = [(self.image, identity(self.size)), (name, linear)]
            moved = self.affine("moved", terms, 0.0, origin)
        return moved.saturated(origin)

    def saturated(self, origin: str) -> Head:
        """The image cut off at the ends of the domain, as a camera does: two ReLUs.

        ``min(max(x, l), h) = l + relu(x - l) - relu(x - h)``, for ``l`` and ``h`` that may be
        rounded: the result states their error.
        """
        if self.domain is None or self.image is None:
            return self
        ends = [Enclosed.of(end) for end in self.domain]
        gaps = [float(end.above - end.below) for end in ends]
        head, parts = self, []
        for end, gap, stem in zip(ends, gaps, ("over", "beyond"), strict=True):
            radius = np.full(self.size, gap) if gap else None
            head = replace(head, image=self.image).affine(
                stem, [(self.image, identity(self.size))], -end.above, origin, radius=radius
            )
            assert head.image is not None
            head, name = head.node(f"{stem}#cut", Relu(), [head.image], origin)
            parts.append(name)
        radius = np.full(self.size, gaps[0]) if gaps[0] else None
        minus: LinearMap = ScaleMap(np.full(self.size, -1.0))
        terms = [(parts[0], identity(self.size)), (parts[1], minus)]
        return head.affine("inside", terms, float(ends[0].above), origin, radius=radius)

    def first(self, family: str) -> Array:
        """The centre, for a family that cannot follow another one.

        Raises
        ------
        QuestionError
            It does follow one.
        """
        if self.image is not None:
            raise QuestionError(f"{family} has to come first", where="--perturbation")
        return self.around(family)

    def fresh(self, stem: str) -> str:
        """A name that no value of the head has."""
        taken = {node.name for node in self.nodes}
        name = f"{stem}#{self.name}"
        while name in taken:
            name += "'"
        return name

    def named(self) -> Head:
        """With the image under the network's input's own name."""
        if self.image == self.name:
            return self
        if self.name in self.regions:
            return self.aside().named()
        if self.image is None:
            head = self.affine("x", [], self.around("the question"), "input")
            return head.named()
        nodes = tuple(
            replace(node, name=self.name) if node.name == self.image else node
            for node in self.nodes
        )
        return replace(self, nodes=nodes, image=self.name)

    def aside(self) -> Head:
        """With another name for the parameter that has the network's input's own."""
        old, new = self.name, self.fresh("image")
        nodes = tuple(
            replace(
                node,
                name=new if node.name == old else node.name,
                operands=tuple(new if name == old else name for name in node.operands),
            )
            for node in self.nodes
        )
        regions = {new if name == old else name: region for name, region in self.regions.items()}
        image = new if self.image == old else self.image
        return replace(self, nodes=nodes, regions=regions, image=image)
