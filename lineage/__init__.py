"""Where a forecast comes from: the chain from a scored row back to the file that arrived, read from the objects themselves."""
