"""The Modbus edge: slaves that are asked in turn, and orders to them."""
