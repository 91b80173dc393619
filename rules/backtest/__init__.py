"""Yesterday under other rules: what would have been filed, beside what was."""
