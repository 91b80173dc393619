"""Three-valued state of each device, judged by the journal's clock and never by ours.

    bad      an alarm that a sample raised stands on it (reason: alarm)
    unknown  it was never heard (never-heard), its gateway is known to be down
             (gateway-down), a silence alarm stands, or it has not been heard for three
             of its intervals and at least half a minute (silent)
    ok       none of these (heard)

A standing alarm outweighs silence: an open cover that falls silent is still open for
all we know, and nobody may overlook it. An alarm without a value is one of silence.
The alarms of groups and storms (`group:…`, `storm:…`) say nothing of the device that
they are stored under, and those of rules on trial say nothing yet.
"""

DEVICE_STATE = """
    clock AS (SELECT received_at AS at FROM journal_head WHERE shard = 0),
    heard AS (
        SELECT device_id, max(at) AS at FROM (
            SELECT s.device_id, l.received_at AS at
            FROM last_reading l JOIN series s ON s.id = l.series_id
            UNION ALL
            SELECT device_id, received_at FROM last_position
        ) AS each GROUP BY device_id
    ),
    standing AS (
        SELECT DISTINCT ON (device_id) device_id, rule, severity, reason_zh, reason_en
        FROM alarm WHERE cleared_seq IS NULL AND value IS NOT NULL
            AND handling <> 'shadow' AND strpos(rule, ':') = 0
        ORDER BY device_id,
            array_position(ARRAY['critical', 'major', 'minor'], severity), id DESC
    ),
    quiet AS (
        SELECT DISTINCT device_id FROM alarm
        WHERE cleared_seq IS NULL AND value IS NULL
            AND handling <> 'shadow' AND strpos(rule, ':') = 0
    ),
    device_state AS (
        SELECT d.id AS device_id, heard.at AS heard_at,
            standing.reason_zh AS alarm_zh, standing.reason_en AS alarm_en,
            CASE
                WHEN standing.rule IS NOT NULL THEN 'alarm'
                WHEN heard.at IS NULL THEN 'never-heard'
                WHEN g.code = ANY ($1::text[]) THEN 'gateway-down'
                WHEN quiet.device_id IS NOT NULL THEN 'silent'
                WHEN clock.at - heard.at
                    > make_interval(secs => greatest(3 * p.expected_interval_s, 30))
                    THEN 'silent'
                ELSE 'heard'
            END AS state_reason
        FROM device d
        JOIN profile p ON p.id = d.profile_id
        JOIN gateway g ON g.id = d.gateway_id
        CROSS JOIN clock
        LEFT JOIN heard ON heard.device_id = d.id
        LEFT JOIN standing ON standing.device_id = d.id
        LEFT JOIN quiet ON quiet.device_id = d.id
        WHERE d.retired_at IS NULL
    )
"""
"""CTEs up to `device_state`; $1 is the codes of the gateways known to be down."""

STATE_OF_REASON = """
    CASE state_reason WHEN 'alarm' THEN 'bad' WHEN 'heard' THEN 'ok' ELSE 'unknown' END
"""
"""The state that goes with a reason."""
