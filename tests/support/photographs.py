"""Procedural photographs for tests, and measures of them: those that the benchmarks use."""

from cloud_service.bench.photographs import FIELD_SIZE, draw_crops, draw_fields, draw_many_crops, good_quality, take

__all__ = ["FIELD_SIZE", "draw_crops", "draw_fields", "draw_many_crops", "good_quality", "take"]
