"""What can be typed: each command's words and options; it imports what it runs."""
