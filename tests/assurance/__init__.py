"""Risk tiers, controls, what stops, and incidents."""
