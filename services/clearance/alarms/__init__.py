"""Alarms: what needs attention now, raised once while it holds and cleared when it does no more."""
