"""Tenants, the people who may sign in to them, and the identity of callers."""
