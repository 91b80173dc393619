"""The one-machine stack: a private database cluster and a private broker.

Used by `gezhi up` and `gezhi demo` when no DATABASE_URL or MQTT_URL is given, and by
the tests. Both listen on the loopback only, with random passwords made at first start.
"""
