"""Use cases around a broker, and the port to it."""
