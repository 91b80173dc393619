"""Coverage-guided fuzzing of every codec: `make fuzz`."""
