"""Deploys as a person does them: the real command line against real hosts, faults included."""
