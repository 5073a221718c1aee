"""What all rooms share: errors, reasons, policy, slots, and the parsing of single values."""
