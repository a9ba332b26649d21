"""Fuzzing the ingest's decoder and topic parser."""
