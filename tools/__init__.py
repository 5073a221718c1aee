"""What developers run: set-up, emulators, the local scheduler, benchmarks. Never deployed."""
