"""What a strategy's and the account's own record says: returns, statistics, the mode it earns, the breakers."""
