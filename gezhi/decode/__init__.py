"""`gezhi decode`, `gezhi protocols`: what our codecs make of recorded octets."""
