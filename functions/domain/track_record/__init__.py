"""The record of strategies and of the account: returns, statistics, earned modes, breakers."""
