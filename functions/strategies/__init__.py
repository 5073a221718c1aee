"""What a user edits: strategies, one file each, and the public façade."""
