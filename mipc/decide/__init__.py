"""Decides a question in process, by what costs least first.

::

    input     is the input already a violation? then no model is needed
    bounds    which disjuncts surely cannot hold?
    attack    does climbing along gradients lead to a violation?
    halving   of few inputs: do bounds close every part of the region?
    branching do bounds close every part, where undecided neurons or boxes of few inputs are split?
    solver    a model for each of the disjuncts that are left, in a worker process
    replay    every point that one of them comes upon, in the original network
"""

from mipc.decide.course import verify
from mipc.decide.many import Decided, decide_many
from mipc.decide.points import nearest
from mipc.decide.state import Progress

__all__ = ["Decided", "Progress", "decide_many", "nearest", "verify"]
