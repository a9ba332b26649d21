"""Clearance measured: against the simulator's truth, on real tracks, and by the clock."""
