"""The measures of utilisation: one a file, all of a kind with one signature, and a registry of each kind."""
