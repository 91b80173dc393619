"""What could not be taken in, and its second try."""
