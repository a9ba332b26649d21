"""Measures the forecast of demand on real histories."""
