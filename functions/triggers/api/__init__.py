"""The HTTPS API: one Flask application behind one function."""
