"""Tenants, the people who may sign in to them, and who is asking."""
