"""Try policies on what is on record."""
