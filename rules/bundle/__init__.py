"""What an alarm was decided on, small enough to carry, whole enough to decide again."""
