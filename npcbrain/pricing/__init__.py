"""What a step of the model costs on this machine: measured in play and kept between games."""
