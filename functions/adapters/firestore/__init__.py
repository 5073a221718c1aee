"""Firestore: the only code that talks to it."""
