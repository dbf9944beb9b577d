"""What a stack costs a month, from what its programs declare, list prices and stated assumptions about its use."""
