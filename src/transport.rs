//! Links to peers over QUIC, pinned to the keys of the trust list.
