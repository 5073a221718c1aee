"""Deployed entry points: decode, call a service, map errors."""
