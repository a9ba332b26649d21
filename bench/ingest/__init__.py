"""How fast telemetry gets from devices into the database, beside what others do: `python -m bench.ingest`."""
