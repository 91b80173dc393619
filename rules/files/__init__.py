"""Rule files: what an author writes, read, checked whole and described by a schema."""
