"""Firestore: its client, its paths and the stores."""
