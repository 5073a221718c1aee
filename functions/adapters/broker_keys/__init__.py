"""Where the keys of accounts at brokers are kept; imported only by what talks to brokers."""
