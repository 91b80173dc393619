"""Wire formats, one module each: octets in, words out, and back. Nothing here does I/O.

A format that comes message by message is two functions, `decode` and `encode`; one that
comes as a stream is a class with `receive_data`. Neither ever raises anything but
`errors.ProtocolError`, a stream not even that: what is wrong is one more item.
"""
