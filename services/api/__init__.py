"""HTTP: the API, its roles, the live stream and the page; one router a subject."""
