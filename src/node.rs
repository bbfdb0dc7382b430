//! A node assembled: start, supervise, stop in order.
