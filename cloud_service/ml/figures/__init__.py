"""Figures in one style, drawn without a display: legible on paper, in the dark, and to the colour-blind."""
