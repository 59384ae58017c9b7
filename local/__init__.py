"""The whole system without Docker: real servers and every tier as child processes, for development and tests."""
