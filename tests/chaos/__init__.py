"""What is killed in the middle loses nothing and does nothing twice."""
