"""Use cases: what Maestro does, written against ports."""
