"""The core language: a graph of values, each an operator applied to earlier values."""
