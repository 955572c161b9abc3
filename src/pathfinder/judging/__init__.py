"""What a run proved: numbers against the reference, device, speed."""
