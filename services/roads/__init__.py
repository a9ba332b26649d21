"""The road network: building it from OpenStreetMap data, snapping, matrices, geometry, walking distance."""
