"""The handheld's way to a broker: one small contract, and what carries it (paho-mqtt, memory)."""
