"""Deploys clusters of ActionHero over SSH, and proves that the new code is what answers."""
