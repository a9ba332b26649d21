"""Side-by-side measurements; each folder is a program: `python -m bench.routing` and so on."""
