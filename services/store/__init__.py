"""The schema and all SQL, one module a subject."""
