"""Rule and triage files, windows and backtests: what judges, since when."""
