"""The steps of the ingest, one a file, in the order that services/ingest/pipeline.py gives them."""
