"""Rules: what is bad, for how long, and what of it is filed; folded over the journal."""
