"""TensorRT engines: a graph made ready for one GPU, kept in a cache, and used only after its answers were checked."""
