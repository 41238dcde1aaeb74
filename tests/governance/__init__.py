"""Who decides, and the money that follows."""
