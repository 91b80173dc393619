"""gezhi."""
