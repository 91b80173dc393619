"""Rule tests as data: timelines that rule authors write, played on the real engine."""
