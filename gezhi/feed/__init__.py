"""`gezhi feed`: recorded data sent through the broker as a gateway would."""
