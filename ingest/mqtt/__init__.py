"""The MQTT edge: one link to the broker, whose topics are whose, and what they say."""
