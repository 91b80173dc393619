"""The JT/T 808 edge: vehicle terminals that call us, over TCP and over UDP."""
