"""From the bytes of an export to canonical columns."""
