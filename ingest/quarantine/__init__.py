"""What was refused: how it is kept, read again and tried again."""
