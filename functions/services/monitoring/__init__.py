"""Alerts, notifications, reports, and what people look at."""
