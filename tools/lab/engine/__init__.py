"""
One engine: the services and the domain that run in the cloud, on stores in memory, with a simulated clock and broker.

`replay.replay` walks days through it: no rule is implemented here a second time.
"""
