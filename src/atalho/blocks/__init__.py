"""What a block is: one file per design, each reading like the picture in its paper."""
