"""Rules: what is bad, for how long, and what of it is filed: a fold of the journal."""
