"""The local stack: provision, start, watch, stop."""
