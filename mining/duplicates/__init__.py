"""Orders that may be one order: how they are compared, paired, explained and clustered."""
