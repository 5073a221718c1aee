"""Try policies on a tenant's record."""
