"""From a file that a microscope saved to a capture: watched, complete, named, checked and stripped."""
