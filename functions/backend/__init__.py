"""Public paths that existing users import."""
