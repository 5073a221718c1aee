"""Write into the documents what programs know and print: see `tools.docs.pages`."""
