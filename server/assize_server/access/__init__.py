"""Who may call: the credentials file, and what every call is asked for."""
