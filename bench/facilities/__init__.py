"""Coverage and siting of facilities, measured."""
