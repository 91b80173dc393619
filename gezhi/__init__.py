"""The command line and the one-machine stack: what wires, starts and reads the clock."""
