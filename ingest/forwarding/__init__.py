"""A gateway beside the hardware: what its edges hear is kept on disk, then passed on.

plan          what to poll and where to listen, from TOML: pure
told          from arrivals to messages: pure
queue_file    the messages that the broker has not acknowledged, in SQLite
keeping       from the inbox into the queue, and the answers to devices
pump          from the queue to the broker: live first, the backlog behind it
uplink        the line to the broker
orders        the plan in force: the local file, or what came from upstream
edges         the pollers and listeners that the plan wants
forward       all of it together
"""
