"""The journal, and who has read it how far."""
