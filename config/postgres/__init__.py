"""Django's PostgreSQL backend, started with us where it is the embedded one, and tested cheaply."""
