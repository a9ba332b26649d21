"""What the API bears: requests, streams, and figures over long spans."""
