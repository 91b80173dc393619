"""Readings and fixes: written once each by COPY, read back as columns."""
