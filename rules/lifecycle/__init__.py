"""Versions of a rule on their way from draft to shadow, live and retired."""
