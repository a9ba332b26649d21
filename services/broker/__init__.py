"""The MQTT broker: its configuration, its accounts and access rules, and the services' own sessions."""
