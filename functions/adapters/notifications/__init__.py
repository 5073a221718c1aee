"""What brings notifications to people."""
