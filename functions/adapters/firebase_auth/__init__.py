"""Firebase Authentication: the only code that talks to it."""
