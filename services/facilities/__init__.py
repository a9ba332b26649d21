"""Coverage and utilisation of public toilets and transfer stations."""
