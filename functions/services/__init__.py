"""Use cases: what Maestro does, told in terms of ports."""
