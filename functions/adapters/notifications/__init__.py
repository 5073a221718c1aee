"""Senders of notifications, and the texts they send."""
