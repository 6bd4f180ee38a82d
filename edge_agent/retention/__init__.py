"""What becomes of originals once the cloud has them."""
