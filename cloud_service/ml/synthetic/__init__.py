"""Procedural blood smears with ground truth: for the demo, tests and load. They have no clinical meaning."""
