"""What a step of the model costs on this machine, measured while it runs and kept between games."""
