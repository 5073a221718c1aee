"""The services' stores in memory, with the races and the rules of a commit that Firestore's have."""
