"""A mixed-integer linear program, and the files it is written to. Knows no networks."""
