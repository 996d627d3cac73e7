"""Ways to put code live: from an environment, a target and facts to a plan, and nothing else."""
