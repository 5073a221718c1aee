"""Alerts, notifications, reports, and data for the dashboard."""
