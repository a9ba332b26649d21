"""Bringing a town's register in from files: read, checked row by row, stored as a whole or not at all."""
