"""Pressure waves on the water mains: which pipe a sudden drop came from. Pure."""
