"""Every wire in: one edge per transport, and the intake that judges and commits."""
