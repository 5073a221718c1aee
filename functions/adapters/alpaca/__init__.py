"""Alpaca over HTTPS: what it says as the port `Broker` takes it, and, for the trading client alone, orders."""
