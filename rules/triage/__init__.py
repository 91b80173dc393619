"""Triage: what of the alarms is filed, what waits, what belongs to something larger."""
