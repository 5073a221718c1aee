"""
Runs users' strategies in processes of their own, below the process that decides and commits.

    host → root → loader → runner → child

The host's side is `functions.adapters.strategy_processes`; everything here runs without credentials, gRPC and threads.
"""
