"""The generator of a simulated county town: roads, register, residents and history, the same for the same seed."""
