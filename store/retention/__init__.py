"""Dropping what is old."""
