"""The day's plan: the problem, the search for routes, the check that believes nobody, the reasons for what is left."""
