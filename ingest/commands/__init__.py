"""The command queue's way out: who is told what, when, and what came of it."""
