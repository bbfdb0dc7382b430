//! Bytes to domain and back, strictly. The generated protobuf types stay private here.
