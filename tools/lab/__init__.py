"""The lab: what a policy would have done, measured on past prices. Not deployed."""
