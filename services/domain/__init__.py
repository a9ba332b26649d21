"""The words, units and sums of the domain as plain typed values; no input or output."""
