//! Use cases, one file each, on one synchronous service. A permit is a value that only the role table makes.
