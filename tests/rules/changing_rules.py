"""Rules of a changing city; each version of one is drawn anew."""

import random

from rules.plan.plan_source import RuleText

TEXTS = {
    "burning": """
kind: lamp
quantity: power_w
condition: {type: threshold, above: 30, deadband: 8, severity: minor}
when: {lamp: LAMP, on_close: CLOSE}
on_delay_s: ON
off_delay_s: OFF
largest_gap_s: GAP
""",
    "dark": """
kind: lamp
quantity: power_w
condition:
  type: threshold
  below: 15
  severity: minor
  while: {of: upstream, quantity: contactor_on, above: 0.5}
when: {lamp: lit, without_programme: WITHOUT, on_close: CLOSE}
on_delay_s: ON
largest_gap_s: GAP
""",
    "deep": """
kind: gauge
quantity: depth_mm
condition:
  type: threshold
  deadband: 4
  grades:
    - {at: 10, severity: minor}
    - {at: 20, severity: major}
    - {at: 30, severity: critical}
on_delay_s: ON
off_delay_s: OFF
largest_gap_s: GAP
""",
    "rises": """
kind: gauge
quantity: depth_mm
condition: {type: rate, window_s: 60, above: LIMIT, severity: major}
when: {local: HOURS, on_close: CLOSE}
off_delay_s: OFF
largest_gap_s: GAP
""",
    "still": """
kind: cover
quantity: tilt_deg
condition: {type: stuck, above: 40, tolerance: 1, severity: minor}
largest_gap_s: GAP
""",
    "open": """
kind: cover
condition:
  type: expression
  expression: tilt_deg > LIMIT and not cover_open < 0.5
  severity: major
safety: true
on_delay_s: ON
largest_gap_s: GAP
""",
    "fast": """
kind: vehicle
condition: {type: overspeed, above: LIMIT, margin_kmh: 3, deadband: 5, severity: minor}
when: {local: HOURS, on_close: CLOSE}
on_delay_s: ON
largest_gap_s: GAP
""",
    "gauge-quiet": """
kind: gauge
condition: {type: silence, missed_reports: 3, learn: 4, severity: minor}
""",
    "cabinet-quiet": """
kind: cabinet
condition: {type: silence, silence_s: 50, hears: platform, severity: minor}
when: {local: HOURS, on_close: CLOSE}
""",
    "lamp-quiet": """
kind: lamp
condition: {type: silence, missed_reports: 2, learn: 2, severity: minor}
""",
    "cover-quiet": """
kind: cover
condition: {type: silence, silence_s: 60, severity: minor}
""",
}
"""Conditions by code; words in capitals are drawn anew with each version."""

TAIL = """files:
  type: event
  scheme: gbt30428.2-2013
  class_code: "0506"
  condition: CODE
  title: {zh: 题, en: title}
reason: {zh: "{value}", en: "{value}"}
source: test
"""
DRAWN: dict[str, tuple[str, ...]] = {
    "LAMP": ("dark", "day"),
    "CLOSE": ("clear", "keep"),
    "OFF": ("0", "20", "40"),
    "ON": ("0", "0", "20", "40"),
    "WITHOUT": ("always", "never"),
    "GAP": ("20", "40", "60"),
    "LIMIT": ("12", "18"),
    "HOURS": ('"16:02-16:05"', '["16:00-16:04", "16:06-16:30"]', '"16:03-17:00"'),
}
SILENT = {"gauge-quiet", "cabinet-quiet", "lamp-quiet", "cover-quiet"}
SOLAR = {"burning", "dark"}


def text_of(rng: random.Random, code: str, version: int) -> RuleText:
    """Draw a version of a rule."""
    body = TEXTS[code]
    for word, choices in DRAWN.items():
        body = body.replace(word, rng.choice(choices))
    head = f"code: {code}\nname: {{zh: 规则, en: rule}}"
    return RuleText(
        code, version, f"{head}{body}{TAIL.replace('CODE', code.replace('-', '_'))}"
    )
