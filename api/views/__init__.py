"""What each path answers. No view imports another: what they share is in modules of its own."""
