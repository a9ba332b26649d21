"""Siting: where the next toilets and stations do most, and which toilets to renovate first."""
