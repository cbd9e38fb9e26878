"""What is heard: recordings, videos, and tables of them with labels and groups."""
