"""Performance for the marketplace."""
