"""The live stream: changes in the store, told to everyone who listens."""
