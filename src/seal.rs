//! Keys, signatures, encryption and the trust list's key directory. Everything that touches a secret key is here.

pub mod kx;
