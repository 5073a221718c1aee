"""A trading client of Maestro, to copy into your own system: only `alpaca` imports anything of Maestro's."""
