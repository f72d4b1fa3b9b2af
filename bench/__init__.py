"""What the project promises in figures: ratios to a peer that runs beside it."""
