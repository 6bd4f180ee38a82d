"""Training: the loop on one page, what augments its images, and the recipe around it."""
