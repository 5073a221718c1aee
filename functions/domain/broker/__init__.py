"""A broker's data in our own terms: accounts, positions, orders, prices and account activities."""
