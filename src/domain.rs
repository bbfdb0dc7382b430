//! What officers may do: requests for information and alerts as machines that decide and apply, with their code lists and time limits.
