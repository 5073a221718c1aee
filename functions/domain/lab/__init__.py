"""What a replay of past days says of a policy, and how much of it may be chance."""
