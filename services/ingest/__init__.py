"""MQTT to store: decode, batch, commit, and only then acknowledge."""
