"""Redeem signals and record fills."""
