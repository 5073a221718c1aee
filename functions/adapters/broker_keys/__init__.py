"""Storage of the keys of accounts at brokers; imported only by code that talks to brokers."""
