"""Redemptions, reservations and fills."""
