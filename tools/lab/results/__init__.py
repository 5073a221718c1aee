"""What a replay says of policies: figures, what they are compared with, files and pictures of them."""
