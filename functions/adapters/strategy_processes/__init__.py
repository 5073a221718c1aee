"""The host's side of strategies in processes of their own; `functions.sandbox` is the other side."""
