"""Plans: rules and devices compiled to columns, which the engine works by."""
