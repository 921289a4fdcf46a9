"""An examination before anyone solves: what stands in the way of questions about a network."""
