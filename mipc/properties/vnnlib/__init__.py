"""VNN-LIB, versions 1 and 2: properties of networks, read into boxes and linear conditions.

A property is read exactly (decimals are rationals) and put in normal form: cases, each a box of
inputs with alternatives of conditions. Everything that cannot be read or asked is an error with a
line and a column. What is known of networks or solvers is not needed here.
"""

from mipc.properties.vnnlib.property import (
    Atom,
    Bounds,
    Case,
    Declared,
    Property,
    Range,
    Region,
    Tensor,
    Variable,
)
from mipc.properties.vnnlib.reading import parse_property, read_hashed, read_property

__all__ = [
    "Atom",
    "Bounds",
    "Case",
    "Declared",
    "Property",
    "Range",
    "Region",
    "Tensor",
    "Variable",
    "parse_property",
    "read_hashed",
    "read_property",
]
