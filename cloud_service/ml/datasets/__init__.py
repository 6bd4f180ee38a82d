"""Data sets of labelled images: their layouts, their split, their pixels."""
