"""How smooth the page stays while a large fleet drives: measured in a real browser."""
