"""A trading client of Maestro, to copy into your own system: it imports nothing of Maestro's."""
