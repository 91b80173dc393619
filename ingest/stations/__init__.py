"""The SL 651 and HJ 212 edges: stations that call us over TCP."""
