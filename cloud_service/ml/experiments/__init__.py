"""Experiments: the paper's tables run again, each with a report that anybody can repeat and check."""
