"""Types, schema, errors, configuration and clock: what every layer may import."""
