"""Pages of tiers, controls, what stops, and incidents."""
