"""The engine: state and journal entries in, state and transitions out. Pure."""
