"""The package that users edit: strategies, one file each, and the public façade."""
