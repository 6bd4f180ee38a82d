"""What runs a model: one small class a runtime, all behind the protocol in `contract`."""
