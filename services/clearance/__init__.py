"""Visits from evidence, what became of each due visit, and the rates made of them."""
