"""The only package with SQL: SQLAlchemy Core, the same statements on SQLite and PostgreSQL."""
