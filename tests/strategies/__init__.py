"""Tests of your own strategies: `make strategy ARGS="new MyTrend"` writes them here."""
