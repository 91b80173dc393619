"""Geofences: which of many areas hold a point, and how far outside them it lies."""
