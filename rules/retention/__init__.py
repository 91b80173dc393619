"""What is kept how long, and who needs it longer."""
