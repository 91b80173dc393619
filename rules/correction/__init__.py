"""What samples that came too late would have changed: said beside it, never instead."""
