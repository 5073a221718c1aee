"""Alpaca over HTTPS: the port `Broker`, and orders for the trading client only."""
