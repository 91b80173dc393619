"""The command queue: asked, said, answered, seen."""
