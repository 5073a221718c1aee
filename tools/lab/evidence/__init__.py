"""`lab evidence`: what the documents claim of the product's own settings, measured again; favourable or not."""
