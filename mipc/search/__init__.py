"""Ways to decide a question without a MILP: by climbing to a violation, by halving the region."""

from mipc.search.attack import climb
from mipc.search.halving import Halving, can_halve, halve

__all__ = ["Halving", "can_halve", "climb", "halve"]
