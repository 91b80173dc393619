"""The command line and the one-machine stack: it wires, starts, and reads the clock."""
