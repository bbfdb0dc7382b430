//! The node's HTTP API: routes over the use cases of the app.
