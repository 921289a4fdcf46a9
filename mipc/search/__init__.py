"""Ways to decide a question without a MILP: climbing to a violation, coming nearer, halving."""

from mipc.search.approach import approach, beyond, steeper
from mipc.search.attack import climb
from mipc.search.halving import Halving, can_halve, halve

__all__ = ["Halving", "approach", "beyond", "can_halve", "climb", "halve", "steeper"]
