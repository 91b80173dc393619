"""The words of this program, pure: readings, positions, quantities, devices, codes."""
