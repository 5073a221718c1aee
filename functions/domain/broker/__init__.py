"""What a broker says, in our own words: accounts, positions, orders, prices, and what happened on an account."""
