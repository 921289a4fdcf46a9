"""Ways to decide a question without a MILP: climbing, coming nearer, halving, branching."""

from mipc.search.approach import approach, beyond, steeper
from mipc.search.attack import climb
from mipc.search.branch import Branched, branch
from mipc.search.cells import higher, nearer
from mipc.search.compact import PASSES, Compact, can_be_compact, compact
from mipc.search.halving import Halving, can_halve, halve
from mipc.search.parts import Parts
from mipc.search.refine import tightened
from mipc.search.strengthen import confirmed, strengthened
from mipc.search.team import Team

__all__ = [
    "PASSES",
    "Branched",
    "Compact",
    "Halving",
    "Parts",
    "Team",
    "approach",
    "beyond",
    "branch",
    "can_be_compact",
    "can_halve",
    "climb",
    "compact",
    "confirmed",
    "halve",
    "higher",
    "nearer",
    "steeper",
    "strengthened",
    "tightened",
]  # fmt: skip
