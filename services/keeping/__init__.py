"""What is kept and for how long: rollups of readings, retention, backup and restore."""
