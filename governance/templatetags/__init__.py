"""Words of the frozen pack."""
