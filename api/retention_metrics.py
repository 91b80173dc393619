"""Retention in Prometheus' words."""

from prometheus_client import CollectorRegistry, Gauge

from store.retention.told import RetentionTold


class RetentionGauges:
    """What is kept, how large it is, and who holds it back.

    Args:
        registry: Where the gauges are shown.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._age = Gauge(
            "gezhi_journal_age_seconds",
            "From the journal's oldest entry to its newest, by their own times.",
            registry=registry,
        )
        self._octets = Gauge(
            "gezhi_table_octets",
            "Size of a table on the disk, with its indexes.",
            ["table"],
            registry=registry,
        )
        self._run = Gauge(
            "gezhi_retention_last_run_timestamp_seconds",
            "When what is old was looked for last.",
            registry=registry,
        )
        self._behind = Gauge(
            "gezhi_retention_clock_behind_seconds",
            "How far the journal's clock is ahead of that of retention.",
            registry=registry,
        )
        self._holding = Gauge(
            "gezhi_retention_held_from_seq",
            "First entry that somebody needs of what is old, by whom.",
            ["what", "who"],
            registry=registry,
        )

    def show(self, told: RetentionTold) -> None:
        """Show the figures of now."""
        self._age.set(told.journal_age.total_seconds())
        for size in told.sizes:
            self._octets.labels(size.table).set(size.octets)
        if told.clock is not None:
            behind = told.clock.told_at - told.clock.at
            self._run.set(told.clock.ran_at.timestamp())
            self._behind.set(behind.total_seconds())
        self._holding.clear()
        for row in told.rows:
            for each in row.holding:
                self._holding.labels(row.what, each.who).set(each.from_seq)
