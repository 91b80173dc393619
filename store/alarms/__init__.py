"""Alarms as they stand and stood, and what explains or corrects them."""
