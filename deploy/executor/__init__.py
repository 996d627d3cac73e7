"""Carries out plans: connections, leases, stages, the way back. It knows no verbs of its own.

`fleet` holds the connections, `lease` the locks, `stage` one host's script, `runner` a whole plan.
"""
