"""The devices of a simulated town, each a process in simulated time; nothing here knows the network."""
