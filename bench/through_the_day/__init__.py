"""Replanning, inserting and editing while a day is driven: how long it takes, and how much of the plan stays."""
