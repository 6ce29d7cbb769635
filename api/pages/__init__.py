"""HTML screens for people: server-rendered, no script, one module per screen."""
