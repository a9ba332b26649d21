"""How a day too large for one planner is shared among several."""
