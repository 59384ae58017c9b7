"""The views, one module a subject. No view imports another: what they share has modules of its own."""
