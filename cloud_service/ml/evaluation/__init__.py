"""How far a model may be believed: figures with intervals, calibration, limits, and what colour alone does."""
