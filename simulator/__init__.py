"""The world: institutions, mule networks, victims and a desk that are not there, over the product's public wires."""
