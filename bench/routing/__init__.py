"""Measures the planner on public instances, beside other solvers at the same wall time."""
