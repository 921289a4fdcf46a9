"""Arithmetic that neural-network bounds stand on. numpy and scipy only; knows no networks."""
