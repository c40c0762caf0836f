"""What people decide about records."""
