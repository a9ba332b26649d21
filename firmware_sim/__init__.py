"""A simulated town: its map and register, its devices, and the truth about what they did."""
