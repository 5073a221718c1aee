"""What people see: alerts, reports, notifications, views."""
