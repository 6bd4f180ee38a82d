"""The record of every capture at the edge: what waits, what the cloud has, what came back."""
