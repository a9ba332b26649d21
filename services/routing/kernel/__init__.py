"""The search kernel: ruin and recreate by slack induction by string removals, compiled with numba.

Source: J. Christiaens, G. Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing Problems",
Transportation Science 54(2), 2020; extended here with explicit unloading, a break on two timelines, trucks of several
kinds, several depots, several windows, daily caps and who may serve what.
"""
