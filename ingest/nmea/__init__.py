"""The NMEA 0183 edge: receivers that call us, over TCP and over UDP."""
