"""The services' stores in memory, with the same commit rules and conflicts as Firestore's."""
