"""What a cycle decides."""
