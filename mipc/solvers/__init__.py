"""Answers about a model, from solvers in process or on the command line. Knows no networks."""
