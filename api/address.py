"""Where the resources are."""

PREFIX = "/api/v1"
"""Leads every resource's address."""
