"""The door to the network: files and headers from a hub, one file from an address."""
